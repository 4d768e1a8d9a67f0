"""What a study keeps."""

from studyapp.models.batch import Batch
from studyapp.models.beginning import Beginning
from studyapp.models.decision import Decision
from studyapp.models.erasure import Erasure
from studyapp.models.member import StudyMember
from studyapp.models.observer import Observer, Slot, StudySession
from studyapp.models.recruiting import Invitation, Panel, PanelReturn
from studyapp.models.rendering import Raster, Rendering
from studyapp.models.report import MadeReport, ReportFile
from studyapp.models.step import SessionStep
from studyapp.models.study import Condition, ConditionMethod, Study, StudyText
from studyapp.models.token import ApiToken
from studyapp.models.trial import RejectedVote, Trial, Vote

__all__ = [
    "ApiToken",
    "Batch",
    "Beginning",
    "Condition",
    "ConditionMethod",
    "Decision",
    "Erasure",
    "Invitation",
    "MadeReport",
    "Observer",
    "Panel",
    "PanelReturn",
    "Raster",
    "RejectedVote",
    "Rendering",
    "ReportFile",
    "SessionStep",
    "Slot",
    "Study",
    "StudyMember",
    "StudySession",
    "StudyText",
    "Trial",
    "Vote",
]
