package dev.graft.platform;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;

/** A program that logs as the product does: with the settings of its arguments. */
@SpringBootConfiguration
class LoggedLines {
  public static void main(String[] arguments) {
    SpringApplication application = new SpringApplication(LoggedLines.class);
    application.setWebApplicationType(WebApplicationType.NONE);
    application.setLogStartupInfo(false);
    application.run(arguments).close();
    Logger log = LoggerFactory.getLogger(LoggedLines.class);
    try (var _ = MDC.putCloseable("request", "req_1");
        var _ = MDC.putCloseable("department", "proj_1")) {
      log.atInfo().addKeyValue("job", "ftjob-1").addKeyValue("epoch", 2).log("job_claimed");
    }
    log.atWarn()
        .addKeyValue("job", "ftjob-1")
        .addKeyValue("errors", "one\ntwo")
        .setCause(new IllegalStateException("broken"))
        .log("trainer_failed");
    log.atInfo().log("worker_joined");
  }
}
