"""Photos on their way from a browser to a test set."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from enhancement.models.job import Job
from enhancement.models.testset import TestSet


class Upload(models.Model):
    """A draft of a test set, its person's alone: the files that arrived so far, and what came of making a set of them.

    Its bytes lie in a folder of their own (``UPLOAD_DIR``), never among the pictures, until all of them are good.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    wanted = models.JSONField(default=dict, help_text="Name, camera, note… as they were last asked for.")
    report = models.JSONField(default=list, help_text="What was wrong when it was last tried, file by file.")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    testset = models.ForeignKey(TestSet, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(db_default=Now(), help_text="When a file was last added, finished or removed.")

    class Meta:
        ordering = ["-touched_at"]

    def __str__(self) -> str:
        return f"upload {self.pk}"


class UploadedFile(models.Model):
    """A file of an upload, by its path below the folder that was dropped; how much of it is there, the disk says."""

    class State(models.TextChoices):
        ARRIVING = "arriving"
        WHOLE = "whole"
        EXPANDED = "expanded"

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="files")
    path = models.CharField(max_length=400)
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True, help_text="Told by the sender, checked on arrival.")
    state = models.CharField(max_length=10, choices=State, default=State.ARRIVING)
    archive = models.ForeignKey("self", models.CASCADE, null=True, related_name="entries")
    entry = models.CharField(max_length=400, blank=True, help_text="Its name in the zip that it came out of.")
    left_out = models.JSONField(default=list, help_text="Of a zip: entries that its person does without.")

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "path"], name="uploaded_path_once"),
            models.CheckConstraint(
                condition=models.Q(state="arriving") | ~models.Q(sha256=""), name="uploaded_file_is_hashed"
            ),
        ]

    def __str__(self) -> str:
        return self.path
