"""The plain service that the benchmark compares with: FastAPI, SQLAlchemy, joblib, and the same row stored.

Written as one would after the tutorials of the three, with what costs nothing done well: uvloop and httptools, a
synchronous endpoint in the thread pool, pooled connections, models loaded once, one INSERT and one commit before
the answer, nothing read back. It lacks what the other side does for each request: authentication, idempotency,
warnings, an append-only table with three indexes, a digest, a model version and a ledger entry kept with the row.
"""

import os
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import joblib
import pandas as pd
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import BigInteger, DateTime, Float, Identity, String, create_engine, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

# name=folder of a model, separated by commas
MODELS = {
    name: joblib.load(Path(folder) / "model.joblib")
    for name, _, folder in (item.partition("=") for item in os.environ["PEER_MODELS"].split(","))
}
THRESHOLD = 0.5
engine = create_engine(os.environ["PEER_DATABASE_URL"])
app = FastAPI()


class Base(DeclarativeBase):
    """Tables of this service."""


class Prediction(Base):
    """One answer."""

    __tablename__ = "predictions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    model: Mapped[str] = mapped_column(String(100))
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    outputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    label: Mapped[str] = mapped_column(String(255))
    score: Mapped[float] = mapped_column(Float)
    user: Mapped[str] = mapped_column(String(150))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Employee(BaseModel):
    """The inputs; the columns of benchmarks/models.py."""

    age: int
    daily_rate: int
    hourly_rate: int
    monthly_rate: int
    monthly_income: int
    salary_rise_percent: int
    stock_option_level: int
    distance_from_home: int
    education: int
    job_level: int
    job_involvement: int
    performance_rating: int
    satisfaction_environment: int
    satisfaction_job: int
    satisfaction_team: int
    work_life_balance: int
    trainings_last_year: int
    employers_before: int
    years_working: int
    years_in_company: int
    years_in_role: int
    years_since_promotion: int
    business_travel: Literal["never", "rarely", "frequently"]
    department: Literal["sales", "research", "human resources"]
    education_field: Literal["life sciences", "medical", "marketing", "technical", "human resources", "other"]
    gender: Literal["female", "male"]
    job_role: Literal["executive", "scientist", "technician", "manager", "director", "representative", "recruiter"]
    marital_status: Literal["single", "married", "divorced"]
    overtime: Literal["no", "yes"]


class Answer(BaseModel):
    """What the caller gets."""

    id: int
    label: str
    score: float
    probabilities: dict[str, float]


@app.post("/predict/{model}")
def predict(model: str, employee: Employee) -> Answer:
    """Answer one row and store it."""
    pipeline = MODELS.get(model)
    if pipeline is None:
        raise HTTPException(404, "There is no such model.")
    inputs = employee.model_dump()
    scores = pipeline.predict_proba(pd.DataFrame([inputs]))[0]
    probabilities = {str(name): float(score) for name, score in zip(pipeline.classes_, scores, strict=True)}
    score = probabilities["leaves"]
    label = "leaves" if score >= THRESHOLD else "stays"
    row = Prediction(
        model=model,
        inputs=inputs,
        outputs={"label": label, "probabilities": probabilities},
        label=label,
        score=score,
        user="benchmark",
    )
    with Session(engine, expire_on_commit=False) as session:
        session.add(row)
        session.commit()
    return Answer(id=row.id, label=label, score=score, probabilities=probabilities)


if __name__ == "__main__":
    Base.metadata.create_all(engine)
