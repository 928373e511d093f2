package dev.graft.evaluation;

import dev.graft.adapters.ModelAliases.ModelAlias;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What an evaluation says for a move. */
@Component
class AliasEvidence {
  private final EvaluationVerdicts verdicts;
  private final JsonMapper json;

  AliasEvidence(EvaluationVerdicts verdicts, JsonMapper json) {
    this.verdicts = verdicts;
    this.json = json;
  }

  /**
   * As the history keeps it; null without an evaluation.
   *
   * @param champion the alias as it is
   * @param challenger the model that it is to stand for
   * @throws RequestFailed if the challenger has not passed, or was compared with another model
   */
  @Nullable JsonNode of(ModelAlias champion, String challenger, @Nullable String evaluation) {
    if (evaluation == null) return null;
    PassedGates passed = verdicts.passed(champion.departmentId(), evaluation, challenger);
    if (passed.compares() && !champion.model().equals(passed.baseline())) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "The gates of %s compare with '%s', but '%s' stands for '%s': evaluate with \"baseline\": \"%s\"."
              .formatted(
                  evaluation,
                  passed.baseline(),
                  champion.name(),
                  champion.model(),
                  champion.name()),
          "evaluation");
    }
    return json.valueToTree(passed);
  }
}
