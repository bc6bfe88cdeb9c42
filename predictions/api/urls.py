"""Routes of the JSON doors that ask a model."""

from django.urls import path

from predictions.api import views

urlpatterns = [
    # /predict: the seeds' path
    path("predict", views.SeedPredictView.as_view(), name="seed-predict"),
    # /api/v1/predict
    path("api/v1/predict", views.PredictView.as_view(), name="api-predict"),
    # /api/v1/models/<model>/predict
    path("api/v1/models/<slug:model>/predict", views.PredictView.as_view(), name="api-model-predict"),
]
