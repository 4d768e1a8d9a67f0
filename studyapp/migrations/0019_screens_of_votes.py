from django.db import migrations, models


class Migration(migrations.Migration):
    """On what older votes were given was not kept: their columns are empty. Their showings keep what was told of them."""

    dependencies = [
        ('studyapp', '0018_reports_made_by_workers'),
    ]

    operations = [
        migrations.AddField(
            model_name='vote',
            name='device_pixel_ratio',
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='vote',
            name='viewport_width_px',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='vote',
            name='viewport_height_px',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='vote',
            name='browser_zoom',
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='vote',
            name='gamut',
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.AddField(
            model_name='vote',
            name='drawer',
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.AddField(
            model_name='vote',
            name='stacked',
            field=models.BooleanField(blank=True, help_text='Left above right, as on an upright phone.', null=True),
        ),
    ]
