package dev.graft.evaluation;

/** Whether an evaluation speaks for a model, for those who decide by it. */
interface EvaluationVerdicts {
  /**
   * @param model a candidate, by its own name, not by an alias
   * @throws dev.graft.platform.RequestFailed if the department has no such evaluation, or it has
   *     not succeeded, is not about the model or has no gates, or the model does not pass one
   */
  PassedGates passed(String departmentId, String evaluationId, String model);
}
