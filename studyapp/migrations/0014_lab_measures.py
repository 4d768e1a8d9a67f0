"""What labs measured gets columns of its own. What isn't such a number stays with the words, where it was."""

from django.db import migrations, models

LIMITS = {"luminance_cd_m2": (0.1, 20_000), "viewing_distance_cm": (1, 2_000), "ambient_lux": (0, 200_000)}


def to_columns(apps, schema_editor):
    for session in _of_labs(apps):
        for name, (least, most) in LIMITS.items():
            number = _number(session.lab.get(name))
            if number is not None and least <= number <= most:
                setattr(session, f"lab_{name}", number)
                del session.lab[name]
        _keep(session)


def to_words(apps, schema_editor):
    for session in _of_labs(apps):
        measured = {name: getattr(session, f"lab_{name}") for name in LIMITS}
        session.lab |= {name: number for name, number in measured.items() if number is not None}
        _keep(session)


def _of_labs(apps):
    return apps.get_model("studyapp", "StudySession").objects.exclude(lab={}).order_by("pk").iterator()


def _keep(session):
    session.save(update_fields=["lab", *(f"lab_{name}" for name in LIMITS)])


def _number(told):
    """A number that was stored as one, or as its digits; "about 300" is none, nor is the 1 of "1,200"."""
    try:
        return None if isinstance(told, bool) else float(told)
    except (TypeError, ValueError):
        return None


class Migration(migrations.Migration):

    dependencies = [
        ('studyapp', '0013_adaptive'),
    ]

    operations = [
        migrations.AddField(
            model_name='studysession',
            name='lab_ambient_lux',
            field=models.FloatField(blank=True, help_text="Light of the lab's room.", null=True),
        ),
        migrations.AddField(
            model_name='studysession',
            name='lab_luminance_cd_m2',
            field=models.FloatField(blank=True, help_text="Peak luminance of the lab's display.", null=True),
        ),
        migrations.AddField(
            model_name='studysession',
            name='lab_viewing_distance_cm',
            field=models.FloatField(blank=True, help_text="From the eyes to the lab's display.", null=True),
        ),
        migrations.RunPython(to_columns, to_words),
    ]
