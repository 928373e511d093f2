package dev.graft.spec;

import tools.jackson.databind.node.ObjectNode;

/**
 * When the validation file is looked at and what follows from it; names are transformers'.
 *
 * @param evalSteps optimiser steps between evaluations; 0 = only at the end
 * @param earlyStoppingPatience evaluations without improvement after which training ends; 0 = off
 * @param earlyStoppingThreshold nats by which a loss must fall to be an improvement
 * @param loadBestModelAtEnd the result has the weights of the best evaluation
 * @param heldOut share of the rows of the training file that is looked at instead of a validation
 *     file, and not trained on; 0 = none
 */
public record EvaluationOptions(
    int evalSteps,
    int earlyStoppingPatience,
    double earlyStoppingThreshold,
    boolean loadBestModelAtEnd,
    double heldOut) {
  /** What is said of both. */
  public static final String ONE_OF_TWO = "is for jobs without a validation_file: give one of them";

  public static EvaluationOptions read(Fields fields) {
    Integer steps = fields.integer("eval_steps", 0, Integer.MAX_VALUE);
    Integer patience = fields.integer("early_stopping_patience", 0, 1_000_000);
    Double threshold = fields.number("early_stopping_threshold", 0, 1e6);
    Boolean best = fields.bool("load_best_model_at_end");
    Double heldOut = fields.number("held_out", 0, 0.5, "usual are 0.05 to 0.2");
    var options =
        new EvaluationOptions(
            steps == null ? 0 : steps,
            patience == null ? 0 : patience,
            threshold == null ? 0 : threshold,
            best != null && best,
            heldOut == null ? 0 : heldOut);
    if (options.evalSteps() == 0 && options.earlyStoppingPatience() > 0) {
      fields.refuse("early_stopping_patience", "needs eval_steps");
    }
    if (options.evalSteps() == 0 && options.loadBestModelAtEnd()) {
      fields.refuse("load_best_model_at_end", "needs eval_steps");
    }
    return options;
  }

  public void write(ObjectNode training) {
    training
        .put("eval_steps", evalSteps)
        .put("early_stopping_patience", earlyStoppingPatience)
        .put("early_stopping_threshold", earlyStoppingThreshold)
        .put("load_best_model_at_end", loadBestModelAtEnd)
        .put("held_out", heldOut);
  }

  /** Whether any of it needs a validation file. */
  public boolean needsValidation() {
    return earlyStoppingPatience > 0 || loadBestModelAtEnd;
  }
}
