"""Preferences of people, and names of their API tokens."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("futurisys", "0002_roles"),
        ("knox", "0009_extend_authtoken_field"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiTokenName",
            fields=[
                (
                    "token",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="naming",
                        serialize=False,
                        to="knox.authtoken",
                        verbose_name="token",
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
            ],
            options={"verbose_name": "name of an API token", "verbose_name_plural": "names of API tokens"},
        ),
        migrations.CreateModel(
            name="Preferences",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="preferences",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("theme", models.CharField(max_length=10, verbose_name="colours")),
            ],
            options={"verbose_name": "preferences", "verbose_name_plural": "preferences"},
        ),
    ]
