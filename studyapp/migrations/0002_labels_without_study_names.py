"""Jobs are seen by everybody who works with the library: their labels name a study by its number, not by its name."""

from django.db import migrations


def number_the_studies(apps, schema_editor):
    Job = apps.get_model("enhancement", "Job")
    for job in Job.objects.filter(kind="renderings").iterator():
        Job.objects.filter(pk=job.pk).update(label=f"renderings of study {job.params['study']}")


class Migration(migrations.Migration):

    dependencies = [
        ("studyapp", "0001_initial"),
        ("enhancement", "0001_initial"),
    ]

    operations = [migrations.RunPython(number_the_studies, migrations.RunPython.noop)]
