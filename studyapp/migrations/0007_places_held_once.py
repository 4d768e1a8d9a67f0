from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('studyapp', '0006_places_of_sittings'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='trial',
            constraint=models.UniqueConstraint(condition=models.Q(('held', True)), fields=('slot', 'place'), name='place_held_once'),
        ),
        migrations.AddConstraint(
            model_name='trial',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'main'), ('place__isnull', False), ('slot__isnull', False)), models.Q(models.Q(('kind', 'main'), _negated=True), ('held', False), ('place__isnull', True), ('slot__isnull', True)), _connector='OR'), name='trial_main_has_place'),
        ),
    ]
