package dev.graft.jobs;

import dev.graft.artifacts.LocalCopies;
import dev.graft.artifacts.Scratch;
import dev.graft.catalog.BaseModel;
import dev.graft.platform.ErrorDetail;
import dev.graft.platform.GraftProperties;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Freeze;
import dev.graft.spec.Lora;
import dev.graft.spec.Prompted;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.training.MemoryNeed;
import dev.graft.training.RowSizes;
import dev.graft.training.TrainedParts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Checks whether settings fit a base model, whose files are linked into a scratch directory. */
@Component
class BaseModelFit {
  private static final Logger log = LoggerFactory.getLogger(BaseModelFit.class);

  /** The name of a setting, and the problem with it. */
  private static final Pattern SETTING =
      Pattern.compile("((?:output\\.)?[a-z_0-9]+): (.+)", Pattern.DOTALL);

  private final LocalCopies copies;
  private final Path work;

  /**
   * The scratch directory is next to the store: links cannot cross file systems, and copies of
   * weights are large.
   */
  BaseModelFit(LocalCopies copies, GraftProperties graft) {
    this.copies = copies;
    this.work = graft.dataDir().resolve("work");
  }

  /** The result of a check. */
  sealed interface Fit {
    record Fits(TrainedParts parts) implements Fit {}

    record Fails(ErrorDetail why) implements Fit {}

    /** Only the trainer of a Ray cluster could check it. */
    record Unknown() implements Fit {}
  }

  /**
   * Returns the memory that a job needs of a device; empty if it is not known for this type of
   * model, or the files cannot be read now, which the trainer will report.
   *
   * @throws RequestFailed if the settings do not fit the base
   */
  Optional<MemoryNeed> require(BaseModel base, TrainingSpec spec, RowSizes data) {
    try {
      return switch (of(base, spec, data)) {
        case Fit.Fits(TrainedParts parts) -> Optional.of(parts.memory());
        case Fit.Fails(ErrorDetail why) -> throw refused(why);
        case Fit.Unknown() -> Optional.empty();
      };
    } catch (UncheckedIOException unreadable) {
      log.atWarn()
          .addKeyValue("base_model", base.name())
          .addKeyValue("cause", unreadable.getCause())
          .log("memory_not_estimated");
      return Optional.empty();
    }
  }

  /** Returns the message for an encoder with an objective that generates text. */
  static String labelsOnly(BaseModel encoder, Objective objective) {
    return ("%s is an encoder, which the objective %s cannot train. Set adapter.objective to"
            + " classification, or to regression if the labels are numbers to predict:"
            + " \"adapter\": {\"config\": \"balanced\", \"objective\": \"classification\"}; for"
            + " graft jobs create such an object in a file, --adapter FILE.json.")
        .formatted(encoder.name(), objective.name().toLowerCase(Locale.ROOT));
  }

  private static RequestFailed refused(ErrorDetail why) {
    String path = Objects.requireNonNullElse(why.path(), "adapter");
    return new RequestFailed(
        ProblemType.INVALID_REQUEST, path + ": " + why.message(), path, List.of(why));
  }

  Fit of(BaseModel base, TrainingSpec spec, RowSizes data) {
    if (!base.writesText() && !spec.objective().labelsRows()) {
      return fails("adapter.objective", labelsOnly(base, spec.objective()));
    }
    if (base.onlyOnRay()) {
      List<ErrorDetail> obstacles = ResourceDemand.ClusterTraining.obstacles(spec);
      return obstacles.isEmpty() ? new Fit.Unknown() : new Fit.Fails(obstacles.getFirst());
    }
    try (Scratch scratch = Scratch.open(work)) {
      Path files = scratch.directory().resolve("base");
      copies.materialise(base.manifest(), files, name -> !name.contains("/"));
      return new Fit.Fits(TrainedParts.of(files, spec, data));
    } catch (IllegalArgumentException refused) {
      return fails(String.valueOf(refused.getMessage()), spec.method());
    } catch (IOException e) {
      throw new UncheckedIOException("the files of a base model cannot be linked", e);
    }
  }

  private static Fit fails(String message, AdapterMethod method) {
    Matcher setting = SETTING.matcher(message);
    if (!setting.matches()) return fails("adapter", message);
    String place =
        switch (method) {
          case AdapterMethod.Full _, Freeze _, Bottleneck _ -> "adapter.method.";
          case Lora _, Prompted _, AdapterMethod.Targeted _ -> "adapter.peft.";
        };
    String field = setting.group(1);
    boolean beside = field.equals("quantization") || field.startsWith("output.");
    return fails((beside ? "adapter." : place) + field, setting.group(2));
  }

  private static Fit fails(String path, String message) {
    return new Fit.Fails(ErrorDetail.at(path, message));
  }
}
