package dev.graft.jobs;

import dev.graft.catalog.BaseModel;
import dev.graft.platform.ErrorDetail;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Freeze;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.Hyperparameters.EvaluationOptions;
import dev.graft.spec.Lora;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Precision;
import dev.graft.spec.Prompted;
import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.spec.TrainingSpec.Outputs;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** What jobs ask of workers, within what this server lets them ask for. */
@Component
class ResourceDemand {
  private final JobProperties settings;
  private final WorkerDevices devices;

  ResourceDemand(JobProperties settings, WorkerDevices devices) {
    this.settings = settings;
    this.devices = devices;
  }

  /**
   * A large base takes a GPU: a CPU that has the memory would be at it for weeks. Whoever asks for
   * a device gets that. A base that Graft's own kernels lack takes a worker of a Ray cluster.
   *
   * @throws RequestFailed if no worker could be had that gives as much
   */
  Resources of(Resources asked, BaseModel base) {
    if (asked.count() > settings.maxDevices()) {
      throw RequestFailed.invalid(
          "resources.devices",
          "%d is more than the %d devices that a job may ask for here (graft.jobs.max-devices)."
              .formatted(asked.count(), settings.maxDevices()));
    }
    boolean large = base.parameters() > settings.cpuMaxParameters();
    Resources wanted = asked.device() == null && large ? asked.on(DeviceKind.CUDA) : asked;
    if (!base.onlyOnRay() || wanted.workerClass() != null) return wanted;
    return new Resources(
        wanted.device(),
        wanted.memory(),
        wanted.capability(),
        wanted.devices(),
        Resources.SEVERAL_CLASS,
        wanted.maxRunSeconds(),
        wanted.noProgressSeconds());
  }

  /**
   * Before a job waits for what may never come: that its settings are those of a Ray cluster where
   * it would train on one, and that there is one for a base that nothing else trains.
   *
   * @param resources as {@link #of} says
   * @throws RequestFailed if not
   */
  void requireTrainer(Resources resources, BaseModel base, TrainingSpec spec) {
    String workerClass = resources.takenBy();
    if (resources.count() > 1 || Resources.SEVERAL_CLASS.equals(workerClass) || base.onlyOnRay()) {
      ClusterTraining.require(spec);
    }
    if (!base.onlyOnRay() || devices.onRay(new JobNeeds(resources, 0))) return;
    throw new RequestFailed(
        ProblemType.WRONG_STATE,
        ("'%s' is a model of type %s, which trains only on a Ray cluster; no worker of class %s"
                + " that stands for one with %d %s has asked for work in the last 30 days. Ask the"
                + " operator for one (docs/ray.md), or train another base model.")
            .formatted(
                base.name(),
                base.family(),
                workerClass,
                resources.count(),
                resources.device() == DeviceKind.CUDA ? "GPUs" : "devices"),
        "model");
  }

  /**
   * What the trainer of Ray clusters does not do, told before a job waits for one; {@code
   * graft_ray.settings} is the same for the trainer itself, and RayEngineIT holds one to the other.
   */
  static final class ClusterTraining {
    private ClusterTraining() {}

    /**
     * @throws RequestFailed with every setting that it does not know
     */
    static void require(TrainingSpec spec) {
      List<ErrorDetail> obstacles = obstacles(spec);
      if (obstacles.isEmpty()) return;
      ErrorDetail first = obstacles.getFirst();
      throw new RequestFailed(
          ProblemType.NOT_SUPPORTED,
          first.path() + ": " + first.message(),
          first.path(),
          obstacles);
    }

    /** Each at its path; empty if it can train so. */
    static List<ErrorDetail> obstacles(TrainingSpec spec) {
      List<String> paths = new ArrayList<>();
      String method = method(spec.method());
      if (method != null) paths.add(method);
      if (spec.objective() != Objective.SFT) paths.add("objective");
      if (spec.quantization() != null) paths.add("quantization");
      addTraining(spec.training(), paths);
      Outputs outputs = spec.outputs();
      if (outputs.merged()) paths.add("output.merged");
      if (outputs.gguf()) paths.add("output.gguf");
      if (outputs.trainedForm()) paths.add("output.trained_form");
      return paths.stream()
          .map(
              path ->
                  ErrorDetail.at(
                      "adapter." + path,
                      "is not supported on Ray, where this job would train; docs/ray.md says what"
                          + " is"))
          .toList();
    }

    private static @Nullable String method(AdapterMethod method) {
      return switch (method) {
        case Lora lora ->
            switch (lora.initLoraWeights()) {
              case LoraInit.Standard _,
                  LoraInit.Random _,
                  LoraInit.Gaussian _,
                  LoraInit.Orthogonal _ ->
                  null;
              case LoraInit.Pissa _, LoraInit.Olora _, LoraInit.Loftq _, LoraInit.Eva _ ->
                  "peft.init_lora_weights";
            };
        case Prompted _, AdapterMethod.Targeted _ -> "peft.peft_type";
        case AdapterMethod.Full _, Bottleneck _, Freeze _ -> "method";
      };
    }

    private static void addTraining(Hyperparameters training, List<String> paths) {
      EvaluationOptions evaluation = training.evaluation();
      if (training.rows().packingStrategy() != null) paths.add("training.packing");
      if (training.precision() == Precision.F16) paths.add("training.fp16");
      if (training.autocast()) paths.add("training.autocast");
      if (training.loraPlus() != null) paths.add("training.loraplus_lr_ratio");
      if (training.regularisation().neftuneNoiseAlpha() > 0) {
        paths.add("training.neftune_noise_alpha");
      }
      if (evaluation.earlyStoppingPatience() > 0) paths.add("training.early_stopping_patience");
      if (evaluation.earlyStoppingThreshold() > 0) paths.add("training.early_stopping_threshold");
      if (evaluation.loadBestModelAtEnd()) paths.add("training.load_best_model_at_end");
      if (evaluation.heldOut() > 0) paths.add("training.held_out");
      if (training.guards().skipNonfinite()) paths.add("training.skip_nonfinite_steps");
    }
  }
}
