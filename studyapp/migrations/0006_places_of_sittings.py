"""Gives the main trials of sittings that were begun before places were kept the places that they hold."""

from collections import defaultdict

from django.db import migrations

from studyapp.design.schedule import ContentKey, Design, counts, places

HOLDING = ("active", "finished")


def hold_places(apps, schema_editor):
    Study = apps.get_model("studyapp", "Study")
    Slot = apps.get_model("studyapp", "Slot")
    for study in Study.objects.filter(slots__isnull=False).distinct():
        design, content_at, condition_at = _design_of(apps, study)
        size = counts(design).main
        for slot in Slot.objects.filter(study=study):
            cells = places(design, slot.number)
            number_of = {(cell.content, cell.left, cell.right): number for number, cell in enumerate(cells)}
            held = set()
            # Those who still hold the slot come first; of others, what they answered first.
            sessions = sorted(slot.sessions.all(), key=lambda session: (session.state not in HOLDING, session.pk))
            for session in sessions:
                _hold(apps, session, slot, number_of, content_at, condition_at, held)
            slot.free = max(0, size - len(held))
            slot.save(update_fields=["free"])


def _hold(apps, session, slot, number_of, content_at, condition_at, held):
    Trial = apps.get_model("studyapp", "Trial")
    trials = Trial.objects.filter(session=session, kind="main").select_related("left", "right", "vote")
    unknown = defaultdict(lambda: len(number_of) + len(unknown))
    for trial in trials.order_by("position"):
        key = content_at[trial.content_id], condition_at[trial.left.condition_id], condition_at[trial.right.condition_id]
        trial.slot, trial.place = slot, number_of[key] if key in number_of else unknown[trial.pk]
        answered = session.state == "abandoned" and hasattr(trial, "vote")
        trial.held = (session.state in HOLDING or answered) and trial.place not in held
        if trial.held:
            held.add(trial.place)
        trial.save(update_fields=["slot", "place", "held"])


def _design_of(apps, study):
    """As `studyapp.services.schedules.design_of` numbers contents and conditions."""
    contents = list(apps.get_model("enhancement", "Content").objects.filter(testset=study.testset_id).order_by("pk"))
    conditions = list(apps.get_model("studyapp", "Condition").objects.filter(study=study).order_by("position"))
    conditions.sort(key=lambda condition: condition.worse_than_id is not None)
    design = Design(
        contents=tuple(ContentKey(content.name, content.scene) for content in contents),
        conditions=sum(condition.worse_than_id is None for condition in conditions),
        trials=study.trials_per_session,
        gold=study.gold_share,
        repeat=study.repeat_share,
        same=study.same_share,
        gold_pairs=((1, 0),) if study.gold_share else (),
        seed=study.seed,
        version=study.policy_version,
    )
    content_at = {content.pk: index for index, content in enumerate(contents)}
    return design, content_at, {condition.pk: index for index, condition in enumerate(conditions)}


class Migration(migrations.Migration):

    dependencies = [
        ('studyapp', '0005_places'),
    ]

    operations = [
        migrations.RunPython(hold_places, migrations.RunPython.noop),
    ]
