package dev.graft.evaluation;

import dev.graft.adapters.ModelResolver;
import dev.graft.adapters.ModelResolver.ResolvedModel;
import dev.graft.datasets.StoredFiles;
import dev.graft.datasets.StoredFiles.FileUse;
import dev.graft.datasets.TrainingFile;
import dev.graft.inference.GreedyCompletions;
import dev.graft.inference.GreedyCompletions.CompletionFailed;
import dev.graft.inference.GreedyCompletions.GreedyCompletion;
import dev.graft.inference.TextLabels;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.platform.work.LeasedWork;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Departments.DepartmentArchived;
import dev.graft.tenancy.Owned;
import dev.graft.tenancy.RetentionKind;
import dev.graft.tenancy.RetentionNotices;
import dev.graft.text.Example;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.context.event.EventListener;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;
import tools.jackson.databind.json.JsonMapper;

/** The evaluations of the departments. */
@Service
class EvaluationService implements Owned, FileUse {
  private final Evaluations rows;
  private final TransactionLocks locks;
  private final LeasedWork work;
  private final StoredFiles files;
  private final ModelResolver names;
  private final AskedModels models;
  private final RetentionNotices notices;
  private final EvaluationProperties settings;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  EvaluationService(
      Evaluations rows,
      TransactionLocks locks,
      LeasedWork work,
      StoredFiles files,
      ModelResolver names,
      AskedModels models,
      RetentionNotices notices,
      EvaluationProperties settings,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.rows = rows;
    this.locks = locks;
    this.work = work;
    this.files = files;
    this.names = names;
    this.models = models;
    this.notices = notices;
    this.settings = settings;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return rows.departmentOf(id);
  }

  /** An evaluation needs the file only until its questions are chosen. */
  @Override
  public Optional<String> userOf(String department, String file) {
    return rows.unprepared(department, file, Limit.of(1)).stream().findFirst();
  }

  @Transactional(readOnly = true)
  public Evaluation require(String department, String id) {
    return rows.findByDepartmentIdAndId(department, id).orElseThrow(() -> notFound(id));
  }

  private static RequestFailed notFound(String id) {
    return RequestFailed.notFound("evaluation", id);
  }

  /** Resolves aliases and the baseline, and checks that every model can be evaluated. */
  private EvaluationPlan complete(String department, EvaluationRequest request, boolean labels) {
    EvaluationPlan asked = versions(department, request.checked(settings.maxSamples(), labels));
    for (int i = 0; i < asked.models().size(); i++) {
      if (labels && asked.models().get(i).equals(EvaluationPlan.MAJORITY)) {
        throw RequestFailed.invalid("models[" + i + "]", "'majority' is a baseline, not a model.");
      }
      requireAskable(department, asked, asked.models().get(i), "models[" + i + "]");
    }
    String baseline = asked.baseline();
    if (baseline == null) {
      baseline = labels ? EvaluationPlan.MAJORITY : baseOf(department, asked.models().getFirst());
    }
    if (baseline != null) requireAskable(department, asked, baseline, "baseline");
    if (baseline != null && asked.models().contains(baseline)) {
      throw RequestFailed.invalid(
          "models", "models must not contain the baseline '%s'.".formatted(baseline));
    }
    EvaluationPlan plan = baseline == null ? asked : asked.of(asked.models(), baseline);
    if (plan.baseline() == null && plan.gates().stream().anyMatch(QualityGate::compares)) {
      throw RequestFailed.invalid(
          "gates",
          "The gates compare with a baseline. Name one, because a base model has no default baseline.");
    }
    return plan;
  }

  private void requireAskable(String department, EvaluationPlan plan, String model, String param) {
    if (plan.labels() && isRegression(department, model)) {
      throw RequestFailed.invalid(
          param,
          "'%s' is a regression model. Its numbers have no accuracy; see the metrics of its job."
              .formatted(model));
    }
    try {
      models.fingerprint(department, plan, model);
    } catch (RequestFailed refused) {
      throw new RequestFailed(refused.type(), refused.getMessage(), param).about(model);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /** Replaces aliases by the models that they stand for now; later moves have no effect. */
  private EvaluationPlan versions(String department, EvaluationPlan asked) {
    List<String> versions = new ArrayList<>();
    for (int i = 0; i < asked.models().size(); i++) {
      String model = names.version(department, asked.models().get(i));
      if (versions.contains(model)) {
        throw RequestFailed.invalid("models[" + i + "]", "'%s' is a duplicate.".formatted(model));
      }
      versions.add(model);
    }
    String baseline = asked.baseline();
    return asked.of(versions, baseline == null ? null : names.version(department, baseline));
  }

  private boolean isRegression(String department, String model) {
    String configuration =
        switch (names.find(department, model).orElse(null)) {
          case ResolvedModel.FineTuned tuned -> tuned.adapter().configuration();
          case ResolvedModel.Checkpoint checkpoint -> checkpoint.configuration();
          case ResolvedModel.Base _, ResolvedModel.Missing _, ResolvedModel.Removed _ -> "{}";
          case null -> "{}";
        };
    String objective = JsonMapper.shared().readTree(configuration).path("objective").asString("");
    return objective.equals("regression");
  }

  /** Returns the base model of a fine-tuned model; null for a base model. */
  private @Nullable String baseOf(String department, String model) {
    return switch (names.find(department, model).orElse(null)) {
      case ResolvedModel.FineTuned tuned -> tuned.adapter().baseModel();
      case ResolvedModel.Checkpoint checkpoint -> checkpoint.baseModel();
      case ResolvedModel.Base _, ResolvedModel.Missing _, ResolvedModel.Removed _ -> null;
      case null -> null;
    };
  }

  /** Returns the id. Servers can claim the evaluation once this transaction has committed. */
  @Transactional
  public String create(String department, EvaluationRequest request) {
    TrainingFile file =
        files.requireTrainable(department, RequestFailed.required(request.file(), "file"), "file");
    requireQuestions(file);
    EvaluationPlan plan = complete(department, request, file.kind() == Example.Kind.LABEL);
    requireRoom(department);
    String id = begin(department, plan);
    audit.write(
        "evaluation.created",
        department,
        id,
        Map.of("name", title(id, plan), "models", plan.allModels(), "file", plan.file()));
    return id;
  }

  /** Checks the department's limits, one request at a time per department. */
  private void requireRoom(String department) {
    locks.take("evaluations " + department);
    int open = rows.findOpen(department).size();
    if (open >= settings.maxOpen()) {
      throw tooMany("the maximum of %d unfinished evaluations".formatted(open));
    }
    long all = rows.countByDepartmentId(department);
    if (all >= settings.maxKept())
      throw tooMany("the maximum of %d evaluations; delete some of them".formatted(all));
  }

  /** Creates an evaluation without checks; returns the id. */
  @Transactional
  public String begin(String department, EvaluationPlan plan) {
    String id = ids.next("eval_");
    rows.saveAndFlush(new Evaluation(id, department, plan, clock.instant()));
    work.add(Evaluation.WORK, id, department);
    return id;
  }

  /** Returns the name, or the id if there is none. */
  private static String title(String id, EvaluationPlan plan) {
    return plan.name() == null ? id : plan.name();
  }

  private static RequestFailed tooMany(String what) {
    return new RequestFailed(
        ProblemType.QUOTA_EXCEEDED, "The department already has %s.".formatted(what));
  }

  private void requireQuestions(TrainingFile file) {
    if (file.bytes() > settings.maxFile().toBytes()) {
      throw RequestFailed.invalid(
          "file",
          "%s is larger than %s; upload only the rows to evaluate."
              .formatted(file.id(), settings.maxFile()));
    }
    Example.Kind kind = file.kind();
    if (kind == null) return;
    boolean asks =
        switch (kind) {
          case CHAT, CHAT_COMPLETION, PROMPT_COMPLETION, LABEL -> true;
          case TEXT, PREFERENCE, LABELS -> false;
        };
    if (asks) return;
    throw RequestFailed.invalid(
        "file",
        "%s begins with %s; an evaluation needs prompts with known answers, or texts with one label each."
            .formatted(file.id(), kind.words()));
  }

  @Transactional
  public void cancel(String department, String id) {
    if (!end(department, id)) {
      String status = require(department, id).status().wire();
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "The evaluation has already ended with status " + status + ".",
          "evaluation");
    }
    audit.write("evaluation.cancelled", department, id, Map.of());
  }

  /**
   * Returns whether there was something to cancel. Locks the claim first, as the server that works
   * at it does.
   */
  private boolean end(String department, String id) {
    work.drop(Evaluation.WORK, id, department);
    return rows.cancel(department, id, clock.instant()) == 1;
  }

  @Transactional
  public void delete(String department, String id) {
    if (rows.deleteEnded(department, id) == 0) {
      require(department, id);
      throw new RequestFailed(
          ProblemType.WRONG_STATE, "The evaluation has not ended. Cancel it first.", "evaluation");
    }
    notices.drop(RetentionKind.EVALUATIONS, id);
    audit.write("evaluation.deleted", department, id, Map.of());
  }

  /** Runs in the transaction that archives the department: both commit, or neither. */
  @EventListener
  @Transactional(propagation = Propagation.MANDATORY)
  public void cancelAll(DepartmentArchived archived) {
    String department = archived.departmentId();
    for (String each : rows.findOpen(department)) {
      if (!end(department, each)) continue;
      audit.write("evaluation.cancelled", department, each, Map.of("reason", "archived"));
    }
  }

  /** Asks models: those that generate text, classifiers, and the majority baseline. */
  @Component
  static class AskedModels {
    private final GreedyCompletions writers;
    private final TextLabels classifiers;

    AskedModels(GreedyCompletions writers, TextLabels classifiers) {
      this.writers = writers;
      this.classifiers = classifiers;
    }

    /**
     * Returns a value that changes with the model's files.
     *
     * @throws dev.graft.platform.RequestFailed if the department has no such model, or this
     *     evaluation cannot ask it
     */
    public String fingerprint(String departmentId, EvaluationPlan plan, String model)
        throws IOException {
      if (isMajority(plan, model)) return EvaluationPlan.MAJORITY;
      return plan.labels()
          ? classifiers.fingerprint(departmentId, model)
          : writers.fingerprint(departmentId, model);
    }

    /**
     * @param labels number of questions per label, for the majority
     * @throws CompletionFailed if there is no answer now
     */
    public GreedyCompletion ask(
        String departmentId,
        EvaluationPlan plan,
        Map<String, Integer> labels,
        String model,
        Question question)
        throws InterruptedException, IOException, CompletionFailed {
      if (isMajority(plan, model)) return majority(labels, question.reference());
      return plan.labels()
          ? classifiers.label(
              departmentId, model, Objects.requireNonNull(question.prompt()), question.reference())
          : writers.ask(departmentId, model, question.example(), plan.maxCompletionTokens());
    }

    private static boolean isMajority(EvaluationPlan plan, String model) {
      return plan.labels() && model.equals(EvaluationPlan.MAJORITY);
    }

    /** Answers with the most frequent label; ties go to the first by name. */
    private static GreedyCompletion majority(Map<String, Integer> labels, String known) {
      String most =
          labels.entrySet().stream()
              .min(
                  Map.Entry.<String, Integer>comparingByValue()
                      .reversed()
                      .thenComparing(Map.Entry.comparingByKey()))
              .orElseThrow()
              .getKey();
      double all = labels.values().stream().mapToInt(Integer::intValue).sum();
      double share = labels.getOrDefault(known, 0) / all;
      return new GreedyCompletion.Given(
          most,
          false,
          0,
          new GreedyCompletion.Likelihood(Math.log(share), 1),
          EvaluationPlan.MAJORITY);
    }
  }

  /**
   * {@code graft.evaluations.*}.
   *
   * @param parallel evaluations that a server runs at once
   * @param maxSamples maximum number of questions of an evaluation
   * @param maxOpen maximum number of unfinished evaluations of a department
   * @param maxKept maximum number of evaluations of a department, whose questions and answers are
   *     in the database
   * @param maxFile maximum size of a file of rows
   * @param slice how long a server works at an evaluation before others have their turn
   * @param lease how long a claim lasts without a sign of life of its server
   * @param poll interval at which a server looks for an evaluation
   * @param patience an evaluation fails when no worker has answered for this long
   */
  @Validated
  @ConfigurationProperties("graft.evaluations")
  record EvaluationProperties(
      @DefaultValue("1") @Min(1) @Max(64) int parallel,
      @DefaultValue("1000") @Min(1) @Max(1_000) int maxSamples,
      @DefaultValue("100") @Min(1) int maxOpen,
      @DefaultValue("1000") @Min(1) int maxKept,
      @DefaultValue("256MB") DataSize maxFile,
      @DefaultValue("20s") Duration slice,
      @DefaultValue("30s") Duration lease,
      @DefaultValue("1s") Duration poll,
      @DefaultValue("1d") Duration patience) {
    private static final Duration SHORTEST_LEASE = Duration.ofSeconds(1);

    public EvaluationProperties {
      if (!slice.isPositive() || !poll.isPositive() || !patience.isPositive()) {
        throw new IllegalArgumentException(
            "graft.evaluations.slice, poll and patience must be positive");
      }
      if (lease.compareTo(SHORTEST_LEASE) < 0) {
        throw new IllegalArgumentException("graft.evaluations.lease must be at least 1s");
      }
    }
  }
}
