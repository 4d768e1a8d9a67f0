from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('studyapp', '0014_lab_measures'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='studysession',
            constraint=models.CheckConstraint(condition=models.Q(('lab_luminance_cd_m2__range', (0.1, 20000))), name='lab_luminance_cd_m2_can_be'),
        ),
        migrations.AddConstraint(
            model_name='studysession',
            constraint=models.CheckConstraint(condition=models.Q(('lab_viewing_distance_cm__range', (1, 2000))), name='lab_viewing_distance_cm_can_be'),
        ),
        migrations.AddConstraint(
            model_name='studysession',
            constraint=models.CheckConstraint(condition=models.Q(('lab_ambient_lux__range', (0, 200000))), name='lab_ambient_lux_can_be'),
        ),
    ]
