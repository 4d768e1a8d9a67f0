"""What the library keeps."""

from enhancement.models.job import Job
from enhancement.models.measurement import Alignment, Measurement
from enhancement.models.method import Method
from enhancement.models.stimulus import Stimulus
from enhancement.models.testset import Content, TestSet
from enhancement.models.training import TrainingRun, TrainingSample, TrainingTelling
from enhancement.models.upload import Upload, UploadedFile

__all__ = [
    "Alignment",
    "Content",
    "Job",
    "Measurement",
    "Method",
    "Stimulus",
    "TestSet",
    "TrainingRun",
    "TrainingSample",
    "TrainingTelling",
    "Upload",
    "UploadedFile",
]
