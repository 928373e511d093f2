package dev.graft.jobs;

import dev.graft.tenancy.Identity;
import dev.graft.tenancy.ProjectAccess;
import java.time.Clock;
import java.util.List;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Device time that was used, of all departments or of one. */
@RestController
@RequestMapping("/v1/organization")
class UsageController {
  private static final String OF_ALL = "/usage/fine_tuning";
  private static final String OF_ONE = "/projects/{project}/usage/fine_tuning";
  private static final MediaType CSV = MediaType.parseMediaType("text/csv;charset=UTF-8");

  private final UsageLedger ledger;
  private final ProjectAccess access;
  private final Clock clock;
  private final String currency;

  UsageController(
      UsageLedger ledger,
      ProjectAccess access,
      Clock clock,
      @Value("${graft.tenancy.currency:EUR}") String currency) {
    this.ledger = ledger;
    this.access = access;
    this.clock = clock;
    this.currency = currency;
  }

  @GetMapping(OF_ALL)
  UsagePage ofAll(@RequestParam MultiValueMap<String, String> query) {
    return page(asked(query));
  }

  @GetMapping(path = OF_ALL, params = "format=csv")
  ResponseEntity<String> ofAllAsCsv(@RequestParam MultiValueMap<String, String> query) {
    return csv(asked(query));
  }

  @GetMapping(OF_ONE)
  UsagePage ofOne(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestParam MultiValueMap<String, String> query) {
    String department = access.toRead(identity, project).id();
    return page(asked(query).of(department));
  }

  @GetMapping(path = OF_ONE, params = "format=csv")
  ResponseEntity<String> ofOneAsCsv(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestParam MultiValueMap<String, String> query) {
    String department = access.toRead(identity, project).id();
    return csv(asked(query).of(department));
  }

  private UsageQuery asked(MultiValueMap<String, String> query) {
    return UsageQuery.parse(query, clock.instant());
  }

  private UsagePage page(UsageQuery asked) {
    return UsagePage.of(asked, ledger.use(asked), currency);
  }

  private ResponseEntity<String> csv(UsageQuery asked) {
    List<UsageLedger.Use> use = ledger.use(asked);
    return ResponseEntity.ok()
        .contentType(CSV)
        .header("content-disposition", "attachment; filename=\"usage.csv\"")
        .body(UsageCsv.of(use, currency));
  }
}
