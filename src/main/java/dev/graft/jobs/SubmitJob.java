package dev.graft.jobs;

import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.datasets.StoredFiles;
import dev.graft.datasets.TrainableRows;
import dev.graft.datasets.TrainingFile;
import dev.graft.jobs.JobLedger.NewJob;
import dev.graft.jobs.JobNeeds.JobMemory;
import dev.graft.jobs.ParentLookup.ContinuedTraining;
import dev.graft.platform.ErrorDetail;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.Preference;
import dev.graft.spec.Resources;
import dev.graft.spec.SpecRejected;
import dev.graft.spec.TrainingSpec;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Caller;
import dev.graft.training.RowSizes;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Puts a job into the queue: everything it names exists, belongs to the department and fits. */
@Service
class SubmitJob {
  static final String ID_PREFIX = "ftjob-";

  private final JobLedger jobs;
  private final StoredFiles files;
  private final BaseModels baseModels;
  private final TrainableRows trainableRows;
  private final RowInspection inspection;
  private final AdapterConfigService configs;
  private final BaseModelFit fit;
  private final ResourceDemand demand;
  private final WorkerDevices devices;
  private final ParentLookup parents;
  private final Admission admission;
  private final AuditLog audit;
  private final Ids ids;

  SubmitJob(
      JobLedger jobs,
      StoredFiles files,
      BaseModels baseModels,
      TrainableRows trainableRows,
      RowInspection inspection,
      AdapterConfigService configs,
      BaseModelFit fit,
      ResourceDemand demand,
      WorkerDevices devices,
      ParentLookup parents,
      Admission admission,
      AuditLog audit,
      Ids ids) {
    this.jobs = jobs;
    this.files = files;
    this.baseModels = baseModels;
    this.trainableRows = trainableRows;
    this.inspection = inspection;
    this.configs = configs;
    this.fit = fit;
    this.demand = demand;
    this.devices = devices;
    this.parents = parents;
    this.admission = admission;
    this.audit = audit;
    this.ids = ids;
  }

  /** One transaction: a file it uses cannot be deleted in between. Returns the job's id. */
  @Transactional
  public String submit(Caller caller, JsonNode body) {
    CheckedJob checked = check(caller, body);
    JobRequest request = checked.request();
    BaseModel base = checked.base();
    TrainingFile training = checked.training();
    ContinuedTraining parent = checked.parent();
    TrainingFile validation = checked.validation();
    inspection.requireToolCalls(checked);
    JobMemory memory = memory(checked);
    boolean approval = admission.require(caller.departmentId(), base.name(), request.priority());
    String id = ids.next(ID_PREFIX);
    jobs.submit(
        new NewJob(
            id,
            caller.departmentId(),
            parent == null
                ? new NewJob.Base(base.name(), base.manifest(), null, null)
                : new NewJob.Base(
                    base.name(), parent.base(), parent.parent().name(), parent.start()),
            new NewJob.Data(
                training.id(),
                training.digest(),
                validation == null ? null : validation.id(),
                validation == null ? null : validation.digest()),
            new NewJob.Settings(
                request.spec().seed(),
                method(request).toString(),
                hyperparameters(request).toString(),
                checked.adapter().toString()),
            request.suffix(),
            request.metadata() == null ? null : request.metadata().toString(),
            new NewJob.Turn(request.priority(), memory, checked.resources(), approval)),
        caller.actor().account());
    warn(id, parent, checked.needs(memory));
    audit.write("fine_tuning.job.created", caller.departmentId(), id, Map.of("model", base.name()));
    return id;
  }

  private void warn(String id, @Nullable ContinuedTraining parent, JobNeeds needs) {
    if (parent != null && parent.parent().deprecation() != null) {
      jobs.warn(
          id,
          "%s, which training continues from, is deprecated: %s"
              .formatted(parent.parent().name(), parent.parent().deprecation()));
    }
    NoWorkerFits.of("The job", needs, devices.offers())
        .ifPresent(obstacle -> jobs.warn(id, obstacle.reason() + " " + obstacle.remedy()));
  }

  /**
   * A request whose base model and files exist.
   *
   * @param parent what training continues from, or null
   * @param base that it began with
   * @param adapter the configuration as it would run
   * @param resources that it asks for, and what its base asks for without it
   */
  record CheckedJob(
      JobRequest request,
      @Nullable ContinuedTraining parent,
      BaseModel base,
      TrainingFile training,
      @Nullable TrainingFile validation,
      ObjectNode adapter,
      Resources resources) {
    JobNeeds needs(JobMemory memory) {
      return new JobNeeds(resources, memory.bytes());
    }
  }

  /** What a job is submitted with, looked up and resolved; nothing is written. */
  CheckedJob check(Caller caller, JsonNode body) {
    JsonNode whole = expanded(caller, body);
    ContinuedTraining parent = parents.of(caller.departmentId(), whole).orElse(null);
    JobRequest request = read(whole, parent);
    BaseModel base =
        baseModels
            .find(parent == null ? request.model() : parent.parent().baseModel())
            .orElseThrow(
                () ->
                    ParentLookup.unknown(
                        request.model(), parents.names(caller.departmentId()), "model"));
    if (!base.enabled()) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "An administrator has disabled '%s': it takes no new jobs.".formatted(base.name()),
          "model");
    }
    if (!base.writesText() && !request.spec().objective().labelsRows()) {
      throw RequestFailed.invalid(
          "adapter.objective", BaseModelFit.labelsOnly(base, request.spec().objective()));
    }
    Resources resources = demand.of(request.resources(), base);
    demand.requireTrainer(resources, base, request.spec());
    TrainingFile training = file(caller, request.trainingFile(), request, "training_file");
    TrainingFile validation = validation(caller, request);
    return new CheckedJob(
        request, parent, base, training, validation, adapter(request, base), resources);
  }

  /**
   * What each device must hold: as much as is asked for, and of one device what the job is
   * estimated to take. How several share that is not known.
   *
   * @throws RequestFailed if the settings do not fit the base
   */
  JobMemory memory(CheckedJob job) {
    TrainingFile training = job.training();
    Integer longest = training.longestRow();
    RowSizes data = longest == null ? RowSizes.UNKNOWN : new RowSizes(training.examples(), longest);
    JobMemory estimated =
        fit.require(job.base(), job.request().spec(), data)
            .map(JobMemory::of)
            .orElse(JobMemory.UNKNOWN);
    Resources asked = job.resources();
    return (asked.count() == 1 ? estimated : JobMemory.UNKNOWN).atLeast(asked.memory());
  }

  /** A copy, with the settings in place of the name of a configuration. */
  private JsonNode expanded(Caller caller, JsonNode body) {
    if (!(body instanceof ObjectNode object)) return body;
    ObjectNode whole = object.deepCopy();
    JsonNode adapter =
        configs.expand(caller.departmentId(), ParentLookup.spelledOut(whole.get("adapter")));
    return adapter == null ? whole : whole.set("adapter", adapter);
  }

  private static JobRequest read(JsonNode body, @Nullable ContinuedTraining parent) {
    try {
      return JobRequest.read(parent == null ? body : parent.into(body));
    } catch (SpecRejected rejected) {
      List<ErrorDetail> findings =
          rejected.problems().stream().map(p -> ErrorDetail.at(p.path(), p.message())).toList();
      SpecRejected.Problem first = rejected.problems().getFirst();
      throw new RequestFailed(
          ProblemType.INVALID_REQUEST,
          first.path() + ": " + first.message(),
          first.path(),
          findings);
    }
  }

  private @Nullable TrainingFile validation(Caller caller, JobRequest request) {
    String id = request.validationFile();
    return id == null ? null : file(caller, id, request, "validation_file");
  }

  private TrainingFile file(Caller caller, String id, JobRequest request, String param) {
    TrainingFile file =
        files
            .requireTrainable(caller.departmentId(), id, param)
            .requireRows(request.spec().objective(), param);
    trainableRows.require(file, request.spec(), param);
    return file;
  }

  /** A length that was asked for must fit the base; the default gives way. */
  private static ObjectNode adapter(JobRequest request, BaseModel base) {
    ObjectNode adapter = TrainingSpec.toJson(request.spec());
    Integer length = request.spec().training().rows().maxLength();
    if (length == null || length <= base.contextLength()) return adapter;
    if (request.asksMaxLength()) {
      throw RequestFailed.invalid(
          "adapter.training.max_length",
          "%d is more than the %d tokens of %s"
              .formatted(length, base.contextLength(), base.name()));
    }
    adapter.withObject("training").put("max_length", base.contextLength());
    return adapter;
  }

  /** OpenAI's two types that there are: both objectives of pairs are its {@code dpo}. */
  private static ObjectNode method(JobRequest request) {
    Preference preference = request.spec().preference();
    ObjectNode hyperparameters = hyperparameters(request);
    if (preference != null) number(hyperparameters, "beta", preference.beta());
    String type = preference == null ? "supervised" : "dpo";
    ObjectNode method = JsonMapper.shared().createObjectNode().put("type", type);
    method.putObject(type).set("hyperparameters", hyperparameters);
    return method;
  }

  /** OpenAI's three, resolved: {@code auto} becomes what will run. */
  private static ObjectNode hyperparameters(JobRequest request) {
    Hyperparameters training = request.spec().training();
    ObjectNode json = JsonMapper.shared().createObjectNode();
    json.put(
        "batch_size",
        training.batching().perDeviceTrainBatchSize()
            * training.batching().gradientAccumulationSteps());
    number(json, "learning_rate_multiplier", request.learningRateMultiplier());
    number(json, "n_epochs", training.schedule().numTrainEpochs());
    return json;
  }

  private static void number(ObjectNode json, String name, double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e9) json.put(name, (long) value);
    else json.put(name, value);
  }
}
