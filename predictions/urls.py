"""Routes of the doors that ask, and of what was answered."""

from django.urls import include, path

from predictions.views import history, home, predict

urlpatterns = [
    # /
    path("", home.home, name="home"),
    # /predict/
    path("predict/", predict.choose, name="predict-choose"),
    # /predict/<model>/
    path("predict/<slug:model>/", predict.ask, name="predict"),
    # /history/
    path("history/", history.mine, name="history"),
    # /history/<id>/
    path("history/<uuid:pk>/", history.record, name="record"),
    # /predict, /api/v1/predict, /api/v1/models/<model>/predict
    path("", include("predictions.api.urls")),
]
