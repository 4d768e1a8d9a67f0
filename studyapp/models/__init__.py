"""What a study keeps."""

from studyapp.models.batch import Batch
from studyapp.models.beginning import Beginning
from studyapp.models.member import StudyMember
from studyapp.models.observer import Observer, Slot, StudySession
from studyapp.models.rendering import Raster, Rendering
from studyapp.models.study import Condition, ConditionMethod, Study, StudyText
from studyapp.models.trial import RejectedVote, Trial, Vote

__all__ = [
    "Batch",
    "Beginning",
    "Condition",
    "ConditionMethod",
    "Observer",
    "Raster",
    "RejectedVote",
    "Rendering",
    "Slot",
    "Study",
    "StudyMember",
    "StudySession",
    "StudyText",
    "Trial",
    "Vote",
]
