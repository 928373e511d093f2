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

/** Says what a job would take before it is one. */
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

  /** The body of a job; what refuses one refuses this, but for limits, which are warnings. */
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
   * Whether the job would wait for approval; null and a warning if it would be refused now. Its own
   * transaction, so that nobody waits for the department's turn while rows are counted.
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
          "%,d rows are longer than max_length and would be cut.".formatted(data.truncatedRows()));
    }
    if (data.droppedRows() > 0) {
      warnings.add(
          "%,d rows would be left out: max_length leaves nothing of them to train."
              .formatted(data.droppedRows()));
    }
    if (!data.exact()) {
      warnings.add("The file is large: its first part was counted, and the rest taken as alike.");
    }
  }

  /**
   * What a job would do, as {@code POST /v1/fine_tuning/quotes} says it. True at the moment of
   * asking; nothing is booked.
   *
   * @param adapter as it would run
   * @param resources that it would ask for
   * @param approval whether it would wait for one first
   * @param warnings what would refuse the job now, or keep it waiting; a sentence each
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
     * @param bytes of a device, at most; null = not known
     * @param largestDeviceBytes of the workers that are there and are what it asks for; null = none
     *     is, or it did not say
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
     * As a job's {@code queue}.
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
     * By the speed of earlier jobs of the department with this base and method; null = there is
     * none.
     *
     * @param seconds on a device, the model's loading and validation not counted
     */
    record Run(@Nullable Double tokensPerSecond, @Nullable Long seconds) {
      static Run of(@Nullable Double speed, CountedRows data) {
        return new Run(speed, speed == null ? null : Math.round(data.tokens() / speed));
      }
    }

    /**
     * What the department has used of its limits.
     *
     * @param limit null = none
     */
    record Budget(String name, double used, @Nullable Long limit) {}
  }
}
