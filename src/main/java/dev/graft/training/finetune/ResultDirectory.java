package dev.graft.training.finetune;

import dev.graft.training.TrainableModel;
import dev.graft.training.export.ResultFormat;
import dev.graft.weights.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Writes what a run made. Equal runs give equal bytes. */
final class ResultDirectory {
  private ResultDirectory() {}

  /** The weights get their name last: a directory that has them has everything. */
  static void write(TrainingRun run, ModelDirectory base, TrainableModel model, Progress progress) {
    Path making = run.output().resolve(".making");
    try {
      DurableFiles.delete(making);
      Files.createDirectories(making);
      ResultFormat.write(
          making, base, run.baseModelName(), run.spec().method(), model, facts(run, progress));
      for (Path file : weightsLast(making)) {
        Files.move(
            file,
            run.output().resolve(file.getFileName()),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      }
      Files.delete(making);
      DurableFiles.sync(run.output());
    } catch (IOException e) {
      throw new UncheckedIOException("the result cannot be written", e);
    }
  }

  private static List<Path> weightsLast(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .sorted(
              Comparator.comparing((Path file) -> file.toString().endsWith(".safetensors"))
                  .thenComparing(Path::getFileName))
          .toList();
    }
  }

  private static Map<String, String> facts(TrainingRun run, Progress progress) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("optimiser steps", Long.toString(progress.step()));
    facts.put("trained tokens", Long.toString(progress.trainedTokens()));
    facts.put("mean training loss", "%.4f".formatted(progress.meanLoss()));
    facts.put("learning rate", Double.toString(run.spec().training().learningRate()));
    facts.put("seed", Long.toString(run.spec().seed()));
    return facts;
  }
}
