package dev.graft.training.export;

import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Freeze;
import dev.graft.training.TrainableModel;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Map;

/** The directory that a method's result is. */
public final class ResultFormat {
  private ResultFormat() {}

  /**
   * Writes what was trained: a PEFT directory, or a whole checkpoint where every parameter trains.
   *
   * @param facts rows of the model card
   */
  public static void write(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      AdapterMethod method,
      TrainableModel model,
      Map<String, String> facts) {
    if (isAdapter(method)) {
      PeftDirectory.write(directory, base, baseModelName, method, model.saved(), facts);
    } else {
      FullModelDirectory.write(
          directory, base, baseModelName, model.saved(), Precision.AS_BASE, facts);
    }
  }

  /** Whether the result is a PEFT directory, small beside its base. */
  public static boolean isAdapter(AdapterMethod method) {
    return switch (method) {
      case AdapterMethod.Lora _, AdapterMethod.Prompted _, AdapterMethod.Targeted _ -> true;
      case AdapterMethod.Full _, Freeze _ -> false;
    };
  }
}
