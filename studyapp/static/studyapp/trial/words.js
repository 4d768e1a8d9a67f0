/** Sentences that the template gave, in the page's language: numbers filled in, and the plural form chosen. */

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** `forms` is JSON as templatetags/words.py writes it: a sentence for each plural category of the language. */
export function plural(forms, n, language = document.documentElement.lang) {
  const sentences = JSON.parse(forms);
  return fill(sentences[new Intl.PluralRules(language).select(n)] ?? sentences.other, { n });
}
