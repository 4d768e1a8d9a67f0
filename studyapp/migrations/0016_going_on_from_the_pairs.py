from django.db import migrations, models
from django.db.models import F


def went_straight_on(apps, schema_editor):
    """Until now the last answer of a sitting led straight to its end."""
    sessions = apps.get_model("studyapp", "StudySession").objects.filter(study__allow_correction=True)
    sessions.filter(state="finished").update(went_on_at=F("finished_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('studyapp', '0015_lab_measures_can_be'),
    ]

    operations = [
        migrations.AddField(
            model_name='studysession',
            name='went_on_at',
            field=models.DateTimeField(blank=True, help_text='When the observer let the last answer stand, where it could be corrected.', null=True),
        ),
        migrations.RunPython(went_straight_on, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='studysession',
            constraint=models.CheckConstraint(condition=models.Q(('went_on_at__isnull', True), ('state__in', ['finished', 'withdrawn']), _connector='OR'), name='session_went_on_from_its_end'),
        ),
    ]
