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

/** Decides which resources a job needs, within the limits of this server. */
@Component
class ResourceDemand {
  private final JobProperties settings;
  private final WorkerDevices devices;

  ResourceDemand(JobProperties settings, WorkerDevices devices) {
    this.settings = settings;
    this.devices = devices;
  }

  /**
   * Returns the resources of a job. A large base model needs a GPU, because a CPU with enough
   * memory would train for weeks; a job that asks for a device gets that device. A base model that
   * Graft's own kernels do not support needs a worker of a Ray cluster.
   *
   * @throws RequestFailed if the job asks for more devices than allowed
   */
  Resources of(Resources asked, BaseModel base) {
    if (asked.count() > settings.maxDevices()) {
      throw RequestFailed.invalid(
          "resources.devices",
          "%d devices exceed the maximum of %d for one job (graft.jobs.max-devices)."
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
   * Checks that some trainer can run the job, before it waits for one: a job that would train on a
   * Ray cluster may use only settings that work there, and a base model that trains only there
   * needs a cluster.
   *
   * @param resources from {@link #of}
   * @throws RequestFailed if no trainer can run it
   */
  void requireTrainer(Resources resources, BaseModel base, TrainingSpec spec) {
    String workerClass = resources.takenBy();
    if (resources.count() > 1 || Resources.SEVERAL_CLASS.equals(workerClass) || base.onlyOnRay()) {
      ClusterTraining.require(spec);
    }
    if (!base.onlyOnRay() || devices.onRay(new JobNeeds(resources, 0))) return;
    throw new RequestFailed(
        ProblemType.WRONG_STATE,
        ("'%s' is a model of type %s, which trains only on a Ray cluster, but no worker of class"
                + " %s for a cluster with %d %s has asked for work in the last 30 days. Ask the"
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
   * The settings that the trainer of Ray clusters does not support, refused at submission. {@code
   * graft_ray.settings} is the same list in the trainer; RayEngineIT compares the two.
   */
  static final class ClusterTraining {
    private ClusterTraining() {}

    /**
     * @throws RequestFailed with every setting that is not supported
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

    /** Returns the unsupported settings, each at its path; empty if there is none. */
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
                      "is not supported on Ray, where this job would train; docs/ray.md lists the"
                          + " supported settings"))
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
