/**
 * Which key was meant, on keyboards of every alphabet.
 *
 * A Latin letter is the one that is printed on the key, wherever that lies (AZERTY, Dvorak). A keyboard of another alphabet writes no Latin
 * letters: there the key at the letter's place on a QWERTY keyboard counts, on which they are mostly printed as well. Some of these keys write
 * a bracket or an apostrophe; they count so only once this keyboard has written a letter of its own alphabet.
 */

const QUESTION_MARKS = ["?", "؟", "\u037e", "？"];
const UNSAID = ["Process", "Unidentified"]; // a method of input has the key, and doesn't say what it will write
const ZOOMING = "+=-_";

const isDigit = (text) => /^\p{Nd}$/u.test(text);
const isLatin = (text) => /^\p{Script=Latin}$/u.test(text);
const isOfOtherAlphabet = (text) => /^(\p{M}|(?!\p{Script=Latin}|\p{Script=Common})\p{L})/u.test(text);
const isSign = (text) => /^[\p{P}\p{S}]$/u.test(text) && !ZOOMING.includes(text);

export class Keyboard {
  /** Whether the last letter told of another alphabet. */
  isOther = false;

  /** A letter comes in lower case, a digit as 0 to 9, every question mark as `?`; all else as the browser names it. */
  keyOf({ key, code = "", shiftKey = false }) {
    if (QUESTION_MARKS.includes(key)) return "?";
    if (isDigit(key)) return String(digitOf(key));
    if (isLatin(key)) {
      if (!shiftKey) this.isOther = false; // a Hebrew keyboard writes Latin capitals
      return key.toLowerCase();
    }
    if (isOfOtherAlphabet(key)) {
      this.isOther = true;
      return letterAt(code) ?? code.match(/^Digit(\d)$/)?.[1] ?? key;
    }
    return UNSAID.includes(key) || (this.isOther && isSign(key)) ? (letterAt(code) ?? key) : key;
  }
}

/** Whether a key is one character, such as speech input presses by mistake; the space bar is none, as in WCAG 2.1.4. */
export const isCharacter = (key) => key.length === 1 && key !== " ";

const letterAt = (code) => code.match(/^Key([A-Z])$/)?.[1].toLowerCase();

/** The ten digits of every script stand in a row, and what stands before nought is none. */
function digitOf(digit) {
  let value = 0;
  while (isDigit(String.fromCodePoint(digit.codePointAt(0) - value - 1))) value += 1;
  return value;
}
