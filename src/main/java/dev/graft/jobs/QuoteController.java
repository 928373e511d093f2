package dev.graft.jobs;

import dev.graft.jobs.RowInspection.CountedRows;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.UnixTime;
import dev.graft.tenancy.Caller;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Estimates the cost of a job before it is submitted. */
@RestController
class QuoteController {
  private final SubmitJob submitJob;
  private final RowInspection rows;
  private final Admission admission;
  private final FairShareLedger shares;
  private final JobRows jobs;
  private final TransactionTemplate transaction;
  private final JsonMapper json;

  QuoteController(
      SubmitJob submitJob,
      RowInspection rows,
      Admission admission,
      FairShareLedger shares,
      JobRows jobs,
      TransactionTemplate transaction,
      JsonMapper json) {
    this.submitJob = submitJob;
    this.rows = rows;
    this.admission = admission;
    this.shares = shares;
    this.jobs = jobs;
    this.transaction = transaction;
    this.json = json;
  }

  /** Takes the body of a job and refuses it as a job would be; exceeded limits are warnings. */
  @PostMapping("/v1/fine_tuning/quotes")
  JobQuote quote(@AuthenticationPrincipal Caller caller, @RequestBody byte[] body) {
    SubmitJob.CheckedJob job = submitJob.check(caller, json.readTree(body));
    JobNeeds.JobMemory memory = submitJob.memory(job);
    CountedRows data = rows.count(job);
    String department = caller.departmentId();
    List<String> warnings = new ArrayList<>();
    Boolean approval = admitted(department, job, warnings);
    QueuePlace.QueueTurn turn = shares.turn(department);
    QueuePlace place =
        QueuePlace.of(
            new QueuePlace.Waiting(
                job.needs(memory), jobs.placeOfNew(department, job.request().priority()), null),
            turn);
    warn(data, job.needs(memory), turn, warnings);
    Double speed =
        jobs.speed(department, job.base().name(), job.adapter().toString(), job.needs(memory))
            .orElse(null);
    return new JobQuote(
        "fine_tuning.quote",
        job.base().name(),
        job.training().id(),
        job.adapter(),
        data,
        job.resources().toJson(),
        JobQuote.Memory.of(job.needs(memory), turn.offers()),
        JobQuote.Queue.of(place),
        JobQuote.Run.of(speed, data),
        admission.of(department).stream()
            .map(each -> new JobQuote.Budget(each.name(), each.used(), each.limit()))
            .toList(),
        Boolean.TRUE.equals(approval),
        warnings);
  }

  /**
   * Returns whether the job would wait for approval; null and a warning if it would be refused now.
   * Uses its own transaction, so that no other request waits for the lock while rows are counted.
   */
  private @Nullable Boolean admitted(
      String department, SubmitJob.CheckedJob job, List<String> warnings) {
    try {
      return transaction.execute(
          status -> admission.require(department, job.base().name(), job.request().priority()));
    } catch (RequestFailed refused) {
      warnings.add(refused.getMessage());
      return null;
    }
  }

  private static void warn(
      CountedRows data, JobNeeds needs, QueuePlace.QueueTurn turn, List<String> warnings) {
    NoWorkerFits.of("The job", needs, turn.offers())
        .ifPresent(obstacle -> warnings.add(obstacle.reason() + " " + obstacle.remedy()));
    if (data.truncatedRows() > 0) {
      warnings.add(
          "%,d rows are longer than max_length and would be truncated."
              .formatted(data.truncatedRows()));
    }
    if (data.droppedRows() > 0) {
      warnings.add(
          "%,d rows would be dropped: max_length leaves no token of them to train."
              .formatted(data.droppedRows()));
    }
    if (!data.exact()) {
      warnings.add(
          "The file is large: only its first part was counted, and the rest is assumed to be alike.");
    }
  }

  /**
   * The answer of {@code POST /v1/fine_tuning/quotes}. It holds at the moment of the request;
   * nothing is reserved.
   *
   * @param adapter the configuration as it would run
   * @param resources the resources that the job would ask for
   * @param approval whether the job would wait for approval
   * @param warnings sentences about what would refuse the job now, or keep it waiting
   */
  record JobQuote(
      String object,
      String model,
      String trainingFile,
      JsonNode adapter,
      CountedRows data,
      JsonNode resources,
      Memory memory,
      Queue queue,
      Run run,
      List<Budget> budget,
      boolean approval,
      List<String> warnings) {

    /**
     * @param bytes the need of each device, at most; null = not known
     * @param largestDeviceBytes the largest available device that meets the other needs; null =
     *     there is none, or its memory is not known
     * @param fits null = not known
     */
    record Memory(@Nullable Long bytes, @Nullable Long largestDeviceBytes, @Nullable Boolean fits) {
      static Memory of(JobNeeds needs, List<WorkerDevices.DeviceOffer> offers) {
        boolean known = needs.memoryBytes() > 0;
        OptionalLong most = NoWorkerFits.largest(needs, offers);
        Long largest = most.isPresent() ? (Long) most.getAsLong() : null;
        return new Memory(
            known ? (Long) needs.memoryBytes() : null,
            largest == null || largest == Long.MAX_VALUE ? null : largest,
            known && largest != null ? (Boolean) (needs.memoryBytes() <= largest) : null);
      }
    }

    /**
     * The same as a job's {@code queue}.
     *
     * @param eta when it would start, in unix seconds; null = not known
     */
    record Queue(long position, String aheadReason, String nextStep, @Nullable Long eta) {
      static Queue of(QueuePlace place) {
        return new Queue(
            place.position(),
            place.why().reason(),
            place.why().nextStep(),
            UnixTime.seconds(place.eta()));
      }
    }

    /**
     * The expected run, from the speed of earlier jobs of the department with this base and method;
     * null = there is none.
     *
     * @param seconds of training, without the loading of the model and without validation
     */
    record Run(@Nullable Double tokensPerSecond, @Nullable Long seconds) {
      static Run of(@Nullable Double speed, CountedRows data) {
        return new Run(speed, speed == null ? null : Math.round(data.tokens() / speed));
      }
    }

    /**
     * A limit of the department and how much of it is used.
     *
     * @param limit null = none
     */
    record Budget(String name, double used, @Nullable Long limit) {}
  }
}
