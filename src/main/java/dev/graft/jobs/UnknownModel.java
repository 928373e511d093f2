package dev.graft.jobs;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.Nearest;
import java.util.Collection;

/** A model that there is not, told with those that may have been meant. */
final class UnknownModel {
  private UnknownModel() {}

  /**
   * @param known names that the department may see
   * @param param of the request that says the name
   */
  static RequestFailed of(String name, Collection<String> known, String param) {
    String message =
        "No such model: '%s'.%s GET /v1/models lists all (graft models available)."
            .formatted(Nearest.shown(name), Nearest.sentence(name, known));
    return new RequestFailed(ProblemType.MODEL_NOT_FOUND, message, param).about(name);
  }
}
