package dev.graft.jobs;

import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Identity;
import dev.graft.tenancy.Permission;
import java.util.Optional;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** Explains why a department waits, with the numbers by which the claim orders departments. */
@RestController
class FairShareController {
  private final FairShareLedger ledger;

  FairShareController(FairShareLedger ledger) {
    this.ledger = ledger;
  }

  /**
   * @param weight a department with twice the weight gets twice the time
   * @param usedDeviceSeconds of ended leases, decayed to now
   * @param runningDeviceSeconds of live leases, each at least the entry penalty
   * @param share the sum of both divided by the weight; the lowest is next
   * @param projectsAhead other projects that have startable jobs and a lower share
   * @param reason the same in words
   */
  record FairShareObject(
      String object,
      String projectId,
      double weight,
      double usedDeviceSeconds,
      double runningDeviceSeconds,
      double share,
      int running,
      int maxRunning,
      int queued,
      int projectsAhead,
      double halfLifeSeconds,
      double entryPenaltySeconds,
      String reason) {}

  @GetMapping("/v1/organization/projects/{project}/fair_share")
  FairShareObject get(
      @AuthenticationPrincipal Identity identity, @PathVariable("project") String id) {
    if (!identity.reaches(id, Permission.ORGANIZATION_READ)) {
      throw RequestFailed.notFound("project", id);
    }
    Claims.FairShare settings = ledger.settings();
    FairShareLedger.Standing now =
        ledger.of(id).orElseThrow(() -> RequestFailed.notFound("project", id));
    return new FairShareObject(
        "organization.project.fair_share",
        id,
        now.weight(),
        now.used(),
        now.live(),
        now.share(),
        now.running(),
        now.maxRunning(),
        now.queued(),
        now.ahead(),
        settings.halfLifeSeconds(),
        settings.penaltySeconds(),
        reason(now));
  }

  /** Returns why no available worker can run the first job; empty if one can run some job. */
  private static Optional<NoWorkerFits> obstacle(FairShareLedger.Standing now) {
    JobNeeds first = now.first();
    if (first == null || now.waits()) return Optional.empty();
    return NoWorkerFits.of("The first waiting job", first, now.offers());
  }

  private static String reason(FairShareLedger.Standing now) {
    if (now.queued() == 0) return "No job is waiting.";
    if (now.running() >= now.maxRunning()) {
      return "%d of %d jobs are running, the maximum of this department: the next starts when one of them ends."
          .formatted(now.running(), now.maxRunning());
    }
    Optional<NoWorkerFits> obstacle = obstacle(now);
    if (obstacle.isPresent()) return obstacle.get().reason() + " " + obstacle.get().remedy();
    if (!now.waits())
      return "All waiting jobs are between two attempts: they start when their delays are over.";
    if (now.ahead() > 0) return QueuePlace.usedLess(now.ahead());
    return "This department is next: its job starts when a worker asks for a job.";
  }
}
