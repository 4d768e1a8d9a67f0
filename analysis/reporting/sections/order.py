"""The sections of a report, in order. A new one is a row here; page, PDF, CSV and LaTeX follow."""

from analysis.reporting.document import Section
from analysis.reporting.sections import camps, counts, people, photos, pictures, scores, words, worth

SECTIONS: tuple[Section, ...] = (
    Section("counted", "In numbers", counts.in_numbers),
    Section("scores", "Scores", scores.scores),
    Section("differences", "Differences between conditions", scores.differences),
    Section("pairs", "Preferences, pair by pair", scores.pairs),
    Section("cameras", "Camera by camera", scores.cameras),
    Section("contents", "Photo by photo", pictures.contents),
    Section("photos", "A scale for each photo", photos.scales),
    Section("tests", "Whether one scale is enough", photos.tests),
    Section("metrics", "Metrics beside people", pictures.metrics),
    Section("against-people", "How far metrics go with people", worth.metrics),
    Section("disagreements", "Where metrics and people part", worth.disagreements),
    Section("observers", "Observers", people.observers),
    Section("camps", "Camps of observers", camps.camps),
    Section("quality", "What the votes are worth", worth.votes),
    Section("shown", "What was shown, and on what", people.shown),
    Section("excluded", "Everything left out, and why", counts.excluded),
    Section("methods", "Methods", words.how_it_was_done),
    Section("notes", "To be read with it", words.notes),
    Section("references", "References", words.references),
)
