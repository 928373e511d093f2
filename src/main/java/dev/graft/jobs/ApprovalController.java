package dev.graft.jobs;

import dev.graft.jobs.JobRows.JobRow;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Identity;
import dev.graft.tenancy.Permission;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.node.ObjectNode;

/** Lets owners and administrators approve or reject jobs that wait for approval. */
@RestController
@RequestMapping("/v1/fine_tuning/jobs/{id}")
class ApprovalController {
  private static final Pattern COMMENT = Pattern.compile("[^\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}]{0,500}");

  private final JobRows jobs;
  private final JobObjects objects;
  private final JobLedger ledger;
  private final AuditLog audit;

  ApprovalController(JobRows jobs, JobObjects objects, JobLedger ledger, AuditLog audit) {
    this.jobs = jobs;
    this.objects = objects;
    this.ledger = ledger;
    this.audit = audit;
  }

  /**
   * @param comment one line of up to 500 characters, which the job's events show
   */
  record Decision(@Nullable String comment) {}

  /** Approving twice is one approval. */
  @PostMapping("/approve")
  @Transactional
  ObjectNode approve(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String id,
      @RequestBody(required = false) @Nullable Decision decision) {
    String department = department(identity, id);
    String comment = comment(decision);
    boolean now = ledger.approve(department, id, identity.actor(), comment);
    return decided(department, id, JobRow.Approval.APPROVED, now, comment);
  }

  /** Ends the job as cancelled; it shows who rejected it, and why. */
  @PostMapping("/reject")
  @Transactional
  ObjectNode reject(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String id,
      @RequestBody(required = false) @Nullable Decision decision) {
    String department = department(identity, id);
    String comment = comment(decision);
    boolean now = ledger.reject(department, id, identity.actor(), comment);
    return decided(department, id, JobRow.Approval.REJECTED, now, comment);
  }

  private String department(Identity identity, String id) {
    return jobs.departmentOf(id)
        .filter(department -> identity.reaches(department, Permission.ORGANIZATION_WRITE))
        .orElseThrow(() -> RequestFailed.notFound("fine-tuning job", id));
  }

  private static @Nullable String comment(@Nullable Decision decision) {
    String comment = decision == null ? null : decision.comment();
    if (comment == null || comment.isBlank()) return null;
    if (!COMMENT.matcher(comment).matches()) {
      throw RequestFailed.invalid(
          "comment", "The comment must be one line of at most 500 characters.");
    }
    return comment.strip();
  }

  private ObjectNode decided(
      String department, String id, JobRow.Approval wanted, boolean now, @Nullable String comment) {
    JobRow job =
        jobs.find(department, id).orElseThrow(() -> RequestFailed.notFound("fine-tuning job", id));
    if (now) {
      audit.write(
          "fine_tuning.job." + wanted.wire(),
          department,
          id,
          comment == null ? Map.of() : Map.of("comment", comment));
    } else if (job.approval() != wanted) {
      throw undecided(job, wanted);
    }
    return objects.of(job);
  }

  private static RequestFailed undecided(JobRow job, JobRow.Approval wanted) {
    if (job.approval() == JobRow.Approval.WAITING && !job.state().terminal()) {
      return new RequestFailed(
          ProblemType.PERMISSION_DENIED,
          "You cannot approve or reject your own job, nor can a key that you created: ask another"
              + " owner or an administrator.");
    }
    String now = job.approval() == null || job.state().terminal() ? job.state().wire() : "approved";
    return new RequestFailed(
        ProblemType.WRONG_STATE,
        "The job cannot be %s: it does not wait for approval, it is %s."
            .formatted(wanted.wire(), now));
  }
}
