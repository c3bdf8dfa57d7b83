"""Its tables."""

from django.db import models


class Competition(models.Model):
    slug = models.SlugField(max_length=100, unique=True)
    kaggle_competition_id = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)


class User(models.Model):
    kaggle_username = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200, blank=True)


class LeaderboardEntry(models.Model):
    competition = models.ForeignKey(Competition, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    rank = models.IntegerField()
    score = models.FloatField(null=True)
    kaggle_team_name = models.CharField(max_length=200)
    team_id = models.IntegerField()
    submission_date = models.DateTimeField(null=True)
    submission_count = models.IntegerField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["competition", "user"], name="one_entry"),)
