package dev.graft.jobs;

import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.datasets.StoredFiles;
import dev.graft.datasets.TrainableRows;
import dev.graft.datasets.TrainingFile;
import dev.graft.jobs.JobNeeds.JobMemory;
import dev.graft.jobs.ParentLookup.ContinuedTraining;
import dev.graft.platform.ErrorDetail;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
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
import tools.jackson.databind.node.ObjectNode;

/** Submits jobs, after checking that everything they name exists, is the department's and fits. */
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

  /** Submits a job and returns its id. In one transaction, so that its files cannot be deleted. */
  @Transactional
  public String submit(Caller caller, JsonNode body) {
    CheckedJob checked = check(caller, body);
    String base = checked.base().name();
    inspection.requireToolCalls(checked);
    JobMemory memory = memory(checked);
    boolean approval = admission.require(caller.departmentId(), base, checked.request().priority());
    String id = ids.next(ID_PREFIX);
    jobs.submit(id, caller.departmentId(), checked, memory, approval, caller.actor().account());
    warn(id, checked.parent(), checked.needs(memory));
    audit.write("fine_tuning.job.created", caller.departmentId(), id, Map.of("model", base));
    return id;
  }

  private void warn(String id, @Nullable ContinuedTraining parent, JobNeeds needs) {
    if (parent != null && parent.parent().deprecation() != null) {
      jobs.warn(
          id,
          "Training continues from %s, which is deprecated: %s"
              .formatted(parent.parent().name(), parent.parent().deprecation()));
    }
    NoWorkerFits.of("The job", needs, devices.offers())
        .ifPresent(obstacle -> jobs.warn(id, obstacle.reason() + " " + obstacle.remedy()));
  }

  /**
   * A request whose base model and files exist.
   *
   * @param parent the model that training continues from, or null
   * @param base the base model, also of {@code parent}
   * @param adapter the configuration as it would run
   * @param resources as {@link ResourceDemand#of} completes the requested ones
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

  /** Looks up and resolves everything that the body names; writes nothing. */
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
          "An administrator has disabled '%s' for new jobs.".formatted(base.name()),
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
   * Returns the memory that each device must have: at least what the job asks for and, with one
   * device, the estimated need. How several devices would share the need is not known.
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

  /** Returns a copy in which a configuration's name is replaced by its settings. */
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

  /** Refuses a requested length that exceeds the base model's, and lowers a default one. */
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
}
