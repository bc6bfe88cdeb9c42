"""Routes of the Open Inference Protocol v2."""

from django.urls import path

from predictions.api.inference_protocol import views

urlpatterns = [
    # /v2, /v2/health/live, /v2/health/ready
    path("v2", views.ServerView.as_view(), name="v2"),
    path("v2/health/live", views.ServerLiveView.as_view(), name="v2-live"),
    path("v2/health/ready", views.ServerReadyView.as_view(), name="v2-ready"),
    # /v2/models/<model>, and the same of one version
    path("v2/models/<slug:model>", views.ModelView.as_view(), name="v2-model"),
    path("v2/models/<slug:model>/ready", views.ModelReadyView.as_view(), name="v2-model-ready"),
    path("v2/models/<slug:model>/infer", views.InferView.as_view(), name="v2-infer"),
    path("v2/models/<slug:model>/versions/<int:number>", views.VersionView.as_view(), name="v2-version"),
    path(
        "v2/models/<slug:model>/versions/<int:number>/ready", views.VersionReadyView.as_view(), name="v2-version-ready"
    ),
    path(
        "v2/models/<slug:model>/versions/<int:number>/infer", views.VersionInferView.as_view(), name="v2-version-infer"
    ),
]
