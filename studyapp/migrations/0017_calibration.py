from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('studyapp', '0016_going_on_from_the_pairs'),
    ]

    operations = [
        migrations.AlterField(
            model_name='sessionstep',
            name='name',
            field=models.CharField(choices=[('screen', 'Screen'), ('colour', 'Colour'), ('calibration', 'Calibration'), ('acuity', 'Acuity'), ('background', 'Background'), ('instructions', 'Instructions'), ('questions', 'Questions')], max_length=16),
        ),
    ]
