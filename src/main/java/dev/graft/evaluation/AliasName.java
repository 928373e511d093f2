package dev.graft.evaluation;

import dev.graft.platform.RequestFailed;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What an alias may be called: nothing that the name of a fine-tuned model could be, with its
 * colons.
 */
final class AliasName {
  private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

  private AliasName() {}

  static boolean fits(String name) {
    return FORM.matcher(name).matches();
  }

  /**
   * @throws RequestFailed if it is none
   */
  static String checked(@Nullable String name) {
    String given = RequestFailed.required(name, "name");
    if (fits(given) && !given.equals(EvaluationPlan.MAJORITY)) return given;
    throw RequestFailed.invalid(
        "name",
        "must be 1 to 63 of a-z, 0-9, '.', '_', '-', first a letter or digit, and not "
            + EvaluationPlan.MAJORITY
            + ", which is a baseline of evaluations.");
  }
}
