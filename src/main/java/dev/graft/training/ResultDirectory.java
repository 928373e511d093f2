package dev.graft.training;

import dev.graft.model.TrainableModel;
import dev.graft.spec.Precision;
import dev.graft.text.PythonJson;
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
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Writes the result of a run. Equal runs give equal bytes. */
final class ResultDirectory {
  private ResultDirectory() {}

  /**
   * Writes all files; the weights get their name last, so that a directory with weights is
   * complete.
   *
   * @param validation evaluation of the written weights; null without a validation file
   */
  static void write(
      TrainingRun run,
      ModelDirectory base,
      TrainableModel model,
      RunProgress progress,
      TrainingEvent.@Nullable Evaluated validation) {
    Path making = run.directories().output().resolve(".making");
    try {
      DurableFiles.delete(making);
      Files.createDirectories(making);
      Map<String, Double> measured = measured(validation);
      Map<String, String> facts = facts(run, progress, measured);
      writeFiles(making, run, base, model, facts);
      ResultFormat.writeOutputs(
          making, base, run.base().name(), run.spec().outputs(), run.spec().quantization(), facts);
      if (run.spec().outputs().trainedForm()) {
        ResultFormat.writeTrainedForm(
            making, base, run.base().name(), run.spec().method(), model, facts);
      }
      if (!measured.isEmpty()) {
        Files.writeString(
            making.resolve("eval_results.json"), PythonJson.dumps(measured, 4, true) + "\n");
      }
      for (Path file : weightsLast(making)) {
        Path target = run.directories().output().resolve(file.getFileName());
        if (Files.isDirectory(target)) DurableFiles.delete(target);
        Files.move(
            file, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      }
      Files.delete(making);
      DurableFiles.sync(run.directories().output());
    } catch (IOException e) {
      throw new UncheckedIOException("the result cannot be written", e);
    }
  }

  private static void writeFiles(
      Path directory,
      TrainingRun run,
      ModelDirectory base,
      TrainableModel model,
      Map<String, String> facts) {
    ResultFormat.write(directory, base, run.base().name(), run.spec().method(), model, facts);
  }

  /**
   * Writes the current adapter beside a checkpoint's state, so that the checkpoint can be used like
   * a result. Whole models are not written, because they are as large as their base.
   */
  static void writeAdapter(
      Path checkpoint,
      TrainingRun run,
      ModelDirectory base,
      TrainableModel model,
      RunProgress progress) {
    if (ResultFormat.isAdapter(run.spec().method())) {
      writeFiles(checkpoint, run, base, model, facts(run, progress, Map.of()));
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

  /** Returns the metrics of {@code eval_results.json} by the names of transformers' examples. */
  private static Map<String, Double> measured(TrainingEvent.@Nullable Evaluated validation) {
    Map<String, Double> measured = new TreeMap<>();
    if (validation == null) return measured;
    measured.put("eval_loss", validation.validLoss());
    if (validation.metrics().isEmpty()) {
      measured.put("eval_mean_token_accuracy", validation.validMeanTokenAccuracy());
    }
    validation.metrics().forEach((name, value) -> measured.put("eval_" + name, value));
    measured.values().removeIf(value -> !Double.isFinite(value));
    return measured;
  }

  private static Map<String, String> facts(
      TrainingRun run, RunProgress progress, Map<String, Double> measured) {
    Map<String, String> facts = new LinkedHashMap<>();
    if (run.parent() != null) facts.put("continues from", run.parent().name());
    facts.put("optimiser steps", Long.toString(progress.step()));
    facts.put("trained tokens", Long.toString(progress.trainedTokens()));
    facts.put("mean training loss", "%.4f".formatted(progress.meanLoss()));
    facts.put("learning rate", written(run.spec().training().schedule().learningRate()));
    facts.put("precision", dtype(run.spec().training().precision()));
    facts.put("seed", Long.toString(run.spec().seed()));
    measured.forEach((name, value) -> facts.put(name, "%.4f".formatted(value)));
    return facts;
  }

  /** Formats 2e-4, where Java writes 2.0E-4. */
  private static String written(double rate) {
    return Double.toString(rate).replace(".0E", "e").replace('E', 'e');
  }

  /** Returns transformers' name of a precision. */
  private static String dtype(Precision precision) {
    return switch (precision) {
      case F32 -> "float32";
      case BF16 -> "bfloat16";
      case F16 -> "float16";
    };
  }
}
