"""Reports as workers made them."""

from django.db import models

from studyapp.models.study import Study


class MadeReport(models.Model):
    """A whole report: its numbers, its page, its figures, tables and PDF, all from the same votes.

    It can be made again at any time; the newest ones are kept, so that a page opens at once.
    """

    study = models.ForeignKey(Study, models.CASCADE, related_name="reports")
    simulated = models.BooleanField(help_text="Whether simulated votes were asked for.")
    key = models.CharField(max_length=64, help_text="Of all that it rests on: votes, settings, code.")
    votes = models.PositiveIntegerField(help_text="Answers that were stored then, of every kind of trial.")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["study", "simulated", "key"], name="report_made_once")]

    def __str__(self) -> str:
        return f"report of {self.study}, {self.made_at:%Y-%m-%d %H:%M}"


class ReportFile(models.Model):
    """One file of a report. In the database, so that a report is there with all its files or not at all."""

    report = models.ForeignKey(MadeReport, models.CASCADE, related_name="files")
    name = models.CharField(max_length=80)
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "name"], name="report_file_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.report}"
