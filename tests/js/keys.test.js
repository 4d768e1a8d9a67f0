import assert from "node:assert/strict";
import { test } from "node:test";

import { isCharacter, Keyboard } from "../../studyapp/static/studyapp/trial/keys.js";

const CODES = ["KeyW", "KeyA", "KeyS", "KeyD", "KeyF", "KeyR"];
const typed = (keys, more = {}, keyboard = new Keyboard()) => keys.map((key, n) => keyboard.keyOf({ key, code: CODES[n], ...more })).join("");

test("letters of other alphabets count by their place", () => {
  for (const keys of ["صشسيبق", "فقزدبر", "цфывфк", "ςασδφρ", "ไฟหกดพ", "ㅈㅁㄴㅇㄹㄱ", "ㄊㄇㄋㄎㄑㄐ"]) {
    assert.equal(typed([...keys]), "wasdfr", keys);
  }
  assert.equal(typed(["ै", "ो", "े", "्", "ि", "ी"]), "wasdfr", "vowels and marks of InScript");
  assert.equal(new Keyboard().keyOf({ key: "ريال", code: "KeyR", shiftKey: true }), "r", "a key that writes a word");
});

test("with Shift, too, where Arabic has marks and a bracket", () => {
  const keyboard = new Keyboard();
  keyboard.keyOf({ key: "ش", code: "KeyA" });
  assert.equal(typed(["ً", "ِ", "ٍ", "]"], { shiftKey: true }, keyboard), "wasd");
});

test("in Hebrew W is an apostrophe, and a Latin capital with Shift", () => {
  const keyboard = new Keyboard();
  assert.equal(keyboard.keyOf({ key: "ש", code: "KeyA" }), "a");
  assert.equal(keyboard.keyOf({ key: "W", code: "KeyW", shiftKey: true }), "w");
  assert.equal(keyboard.keyOf({ key: "'", code: "KeyW" }), "w");
});

test("a Latin letter is the printed one, wherever it lies", () => {
  assert.equal(typed(["z", "q", "s", "d", "f", "r"]), "zqsdfr", "AZERTY");
  assert.equal(typed([",", "a", "o", "e", "u", "p"]), ",aoeup", "Dvorak");
  assert.equal(new Keyboard().keyOf({ key: "w", code: "Comma" }), "w");
  assert.equal(typed(["ğ", "u", "i", "e", "a", "ı"]), "ğuieaı", "Turkish F");
  assert.equal(typed(["é", "a", "u", "i", "e", "o"]), "éauieo", "bépo");
  const back = new Keyboard();
  back.keyOf({ key: "ф", code: "KeyA" });
  back.keyOf({ key: "a", code: "KeyA" });
  assert.equal(back.keyOf({ key: ",", code: "KeyW" }), ",", "switched from Russian to Dvorak");
});

test("capitals are the letters that they are", () => {
  assert.equal(typed([..."WASDFR"], { shiftKey: true }), "wasdfr");
  assert.equal(typed([..."ЦФЫВАК"], { shiftKey: true }), "wasdfr");
});

test("digits of every script are digits", () => {
  for (const digits of ["0123456789", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "০১২৩৪৫৬৭৮৯", "๐๑๒๓๔๕๖๗๘๙", "０１２３４５６７８９"]) {
    assert.equal([...digits].map((key) => new Keyboard().keyOf({ key, code: "Digit9" })).join(""), "0123456789");
  }
  assert.equal(new Keyboard().keyOf({ key: "ๅ", code: "Digit1" }), "1", "Thai has letters there");
  assert.equal(new Keyboard().keyOf({ key: "à", code: "Digit0" }), "à", "and AZERTY, which hasn't changed");
});

test("question marks are question marks, and a semicolon is none", () => {
  for (const key of ["?", "؟", "\u037e", "？"]) assert.equal(new Keyboard().keyOf({ key, code: "Slash", shiftKey: true }), "?");
  assert.equal(new Keyboard().keyOf({ key: ";", code: "Semicolon" }), ";");
});

test("what zooms does so on every keyboard, wherever it lies", () => {
  const keyboard = new Keyboard();
  keyboard.keyOf({ key: "ф", code: "KeyA" });
  for (const key of "+-=_") assert.equal(keyboard.keyOf({ key, code: "KeyP" }), key);
});

test("named keys keep their names", () => {
  for (const key of ["ArrowLeft", "Backspace", "Enter", " ", "Dead", "F1"]) assert.equal(new Keyboard().keyOf({ key, code: "KeyW" }), key);
  assert.equal(new Keyboard().keyOf({ key: "Process", code: "KeyW" }), "w", "a method of input has it");
  assert.equal(new Keyboard().keyOf({ key: "Unidentified", code: "" }), "Unidentified", "a phone's keyboard");
});

test("which keys can be switched off", () => {
  assert.deepEqual(["a", "1", "?", "+", "ش"].map(isCharacter), [true, true, true, true, true]);
  assert.deepEqual(["ArrowLeft", "Backspace", "Enter", " "].map(isCharacter), [false, false, false, false]);
});
