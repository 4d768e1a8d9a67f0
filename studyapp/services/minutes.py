"""How long a sitting takes: what the welcome page promises, and what a plan pays for."""

from studyapp.models import SessionStep, Study
from studyapp.services.steps import steps_after, steps_before
from studyapp.vision import plates

Name = SessionStep.Name

SECONDS_ON_PAGE: dict[str, int] = {
    Name.SCREEN: 30,
    Name.COLOUR: 6 * len(plates.KINDS),
    Name.CALIBRATION: 25,
    Name.ACUITY: 60,
    Name.BACKGROUND: 30,
    Name.INSTRUCTIONS: 30,
}
"""What somebody takes who reads before they click; of plates and rings, for all of them together."""
SECONDS_A_QUESTION = 20


def seconds_around(study: Study) -> int:
    """For the pages around the pairs; none where the welcome leads straight to them."""
    names = {step.name for step in steps_before(study, {})}
    questions = SECONDS_A_QUESTION * len(study.closing_questions) if steps_after(study) else 0
    return sum(SECONDS_ON_PAGE[name] for name in names) + questions


def seconds_of(study: Study, trials: int) -> float:
    """For a sitting of so many pairs, with its practice and the pages around; breaks aren't counted."""
    return (trials + study.practice_trials) * study.seconds_per_trial + seconds_around(study)


def minutes_of(study: Study) -> int:
    """What a sitting is expected to take, in whole minutes."""
    return max(1, round(seconds_of(study, study.trials_per_session) / 60))
