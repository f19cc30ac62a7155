import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('explain', '0004_jobs'),
    ]

    operations = [
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='host:process id', max_length=200, unique=True)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('heartbeat_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['-heartbeat_at'],
            },
        ),
        migrations.AlterField(
            model_name='job',
            name='kind',
            field=models.CharField(choices=[('photos', 'bring photos in'), ('try', 'try a network'), ('network', 'add a network'), ('likeness', 'compare what a study’s arms look like')], max_length=20),
        ),
    ]
