package dev.graft.jobs;

import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.datasets.Files;
import dev.graft.datasets.TrainingFile;
import dev.graft.spec.AdapterSpecs;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.TrainingSpec;
import dev.graft.tenancy.Caller;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Puts a job into the queue: everything it names exists, belongs to the department and fits. */
@Service
@Profile("server")
class SubmitJob {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final JobLedger jobs;
  private final Files files;
  private final BaseModels baseModels;
  private final Clock clock;

  SubmitJob(JobLedger jobs, Files files, BaseModels baseModels, Clock clock) {
    this.jobs = jobs;
    this.files = files;
    this.baseModels = baseModels;
    this.clock = clock;
  }

  /** One transaction: a file it uses cannot be deleted in between. */
  @Transactional
  JobRow submit(Caller caller, JsonNode body) {
    JobRequest request = JobRequest.read(body);
    BaseModel base =
        baseModels
            .find(request.model())
            .orElseThrow(
                () -> new JobRefused("model", "model_not_found", "no such base model here"));
    TrainingFile training =
        files.requireTrainable(caller.departmentId(), request.trainingFile(), "training_file");
    TrainingFile validation = validation(caller, request);
    refuseTooLong(request.spec(), base);
    String id = id();
    jobs.submit(
        new NewJob(
            id,
            caller.departmentId(),
            base.name(),
            base.manifest(),
            training.id(),
            training.digest(),
            validation == null ? null : validation.id(),
            validation == null ? null : validation.digest(),
            request.suffix(),
            request.spec().seed(),
            method(request).toString(),
            hyperparameters(request).toString(),
            AdapterSpecs.toJson(request.spec()).toString(),
            request.metadata() == null ? null : request.metadata().toString(),
            request.priority()));
    return jobs.find(caller.departmentId(), id).orElseThrow();
  }

  private @Nullable TrainingFile validation(Caller caller, JobRequest request) {
    if (request.validationFile() == null) return null;
    return files.requireTrainable(
        caller.departmentId(), request.validationFile(), "validation_file");
  }

  private static void refuseTooLong(TrainingSpec spec, BaseModel base) {
    Integer length = spec.training().maxLength();
    if (length != null && length > base.contextLength()) {
      throw new JobRefused(
          "adapter.training.max_length",
          "invalid_value",
          "%d is more than the %d tokens of %s"
              .formatted(length, base.contextLength(), base.name()));
    }
  }

  private static ObjectNode method(JobRequest request) {
    ObjectNode method = JsonMapper.shared().createObjectNode().put("type", "supervised");
    method.putObject("supervised").set("hyperparameters", hyperparameters(request));
    return method;
  }

  /** OpenAI's three, resolved: {@code auto} becomes what will run. */
  private static ObjectNode hyperparameters(JobRequest request) {
    Hyperparameters training = request.spec().training();
    ObjectNode json = JsonMapper.shared().createObjectNode();
    json.put(
        "batch_size", training.perDeviceTrainBatchSize() * training.gradientAccumulationSteps());
    number(json, "learning_rate_multiplier", request.learningRateMultiplier());
    number(json, "n_epochs", training.numTrainEpochs());
    return json;
  }

  private static void number(ObjectNode json, String name, double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e9) json.put(name, (long) value);
    else json.put(name, value);
  }

  /** Grows with time, so that an id says roughly when; the rest is random. */
  private String id() {
    byte[] random = new byte[10];
    RANDOM.nextBytes(random);
    return "ftjob-%012x%s".formatted(clock.millis(), HexFormat.of().formatHex(random));
  }
}
