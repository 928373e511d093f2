package dev.graft.evaluation;

import dev.graft.adapters.ModelResolver;
import dev.graft.adapters.ModelResolver.ResolvedModel;
import dev.graft.platform.RequestFailed;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** What the models' names of a request mean. */
@Component
class CandidateNames {
  private final ModelResolver names;

  CandidateNames(ModelResolver names) {
    this.names = names;
  }

  /** An alias is the model that it stands for now, however it is moved while that is asked. */
  EvaluationPlan versions(String department, EvaluationPlan asked) {
    List<String> models = new ArrayList<>();
    for (int i = 0; i < asked.models().size(); i++) {
      String model = names.version(department, asked.models().get(i));
      if (models.contains(model)) {
        throw RequestFailed.invalid("models[" + i + "]", "'%s' is named already.".formatted(model));
      }
      models.add(model);
    }
    String baseline = asked.baseline();
    return asked.of(models, baseline == null ? null : names.version(department, baseline));
  }

  boolean isRegression(String department, String model) {
    String configuration =
        switch (names.find(department, model).orElse(null)) {
          case ResolvedModel.FineTuned tuned -> tuned.adapter().configuration();
          case ResolvedModel.Checkpoint checkpoint -> checkpoint.configuration();
          case ResolvedModel.Base _, ResolvedModel.Missing _, ResolvedModel.Removed _ -> "{}";
          case null -> "{}";
        };
    String objective = JsonMapper.shared().readTree(configuration).path("objective").asString("");
    return objective.equals("regression");
  }

  /** What it was trained on; null if it is a base model itself. */
  @Nullable String baseOf(String department, String model) {
    return switch (names.find(department, model).orElse(null)) {
      case ResolvedModel.FineTuned tuned -> tuned.adapter().baseModel();
      case ResolvedModel.Checkpoint checkpoint -> checkpoint.baseModel();
      case ResolvedModel.Base _, ResolvedModel.Missing _, ResolvedModel.Removed _ -> null;
      case null -> null;
    };
  }
}
