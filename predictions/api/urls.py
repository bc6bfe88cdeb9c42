"""Routes of the JSON doors: asking, what was answered, what came of it."""

from django.urls import include, path

from predictions.api import batch_files, batches, follow_up, history, predict, records, seeds

urlpatterns = [
    # /predict: the seeds' path
    path("predict", seeds.SeedPredictView.as_view(), name="seed-predict"),
    # /api/v1/predict
    path("api/v1/predict", predict.PredictView.as_view(), name="api-predict"),
    # /api/v1/models/<model>/predict
    path("api/v1/models/<slug:model>/predict", predict.ModelPredictView.as_view(), name="api-model-predict"),
    # /api/v1/predictions, /api/v1/predictions/<id>
    path("api/v1/predictions", history.PredictionsView.as_view(), name="api-predictions"),
    path("api/v1/predictions/<uuid:pk>", history.PredictionView.as_view(), name="api-prediction"),
    # /api/v1/predictions/<id>/decision, /outcome, and many at once
    path("api/v1/predictions/<uuid:pk>/decision", follow_up.DecisionView.as_view(), name="api-decision"),
    path("api/v1/predictions/<uuid:pk>/outcome", follow_up.OutcomeView.as_view(), name="api-outcome"),
    path("api/v1/decisions", follow_up.DecisionsView.as_view(), name="api-decisions"),
    path("api/v1/outcomes", follow_up.OutcomesView.as_view(), name="api-outcomes"),
    # /api/v1/datasets, /api/v1/datasets/<dataset>/records[/<key>], .../records/predict
    path("api/v1/datasets", records.DatasetsView.as_view(), name="api-datasets"),
    path("api/v1/datasets/<slug:dataset>/records", records.RecordsView.as_view(), name="api-records"),
    path(
        "api/v1/datasets/<slug:dataset>/records/predict",
        records.RecordsPredictView.as_view(),
        name="api-records-predict",
    ),
    path("api/v1/datasets/<slug:dataset>/records/<path:key>", records.RecordView.as_view(), name="api-record"),
    # /api/v1/batches, /api/v1/batches/<id>, its files, its run, and an end to it
    path("api/v1/batches", batches.BatchesView.as_view(), name="api-batches"),
    path("api/v1/batches/<uuid:pk>", batches.BatchView.as_view(), name="api-batch"),
    path("api/v1/batches/<uuid:pk>/results.csv", batch_files.BatchResultsView.as_view(), name="api-batch-results"),
    path("api/v1/batches/<uuid:pk>/rejected.csv", batch_files.BatchRejectedView.as_view(), name="api-batch-rejected"),
    path("api/v1/batches/<uuid:pk>/run", batches.BatchRunView.as_view(), name="api-batch-run"),
    path("api/v1/batches/<uuid:pk>/cancel", batches.BatchCancelView.as_view(), name="api-batch-cancel"),
    # /v2/...: the Open Inference Protocol
    path("", include("predictions.api.inference_protocol.urls")),
]
