package dev.graft.training;

import dev.graft.model.TrainableModel;
import dev.graft.spec.AdapterMethod;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Writes results of models under test as a run writes them. */
public final class WrittenResults {
  private WrittenResults() {}

  public static void write(
      Path directory, ModelDirectory base, AdapterMethod method, TrainableModel trained) {
    ResultFormat.write(directory, base, "base", method, trained, Map.of());
  }

  public static void write(
      Path directory, ModelDirectory base, AdapterMethod method, List<NamedTensor> saved) {
    PeftDirectory.write(directory, base, "base", method, saved, Map.of());
  }
}
