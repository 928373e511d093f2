package dev.graft.openai;

import dev.graft.GraftApplication;
import dev.graft.OwnServer;
import dev.graft.catalog.BaseModels;
import dev.graft.pg.FreshDatabase;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.ContextConfiguration;

/**
 * A whole Graft on a random port: server, worker with its real trainer, a database of its own, and
 * a base model {@code tiny}. Its tests run beside those of servers without a worker.
 */
@OwnServer
@SpringBootTest(
    classes = GraftApplication.class,
    webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
    properties = {
      "graft.worker.threads=1",
      "graft.worker.report-every=200ms",
      "graft.jobs.claim-poll=100ms",
      "graft.jobs.event-streams.poll=100ms",
      "logging.level.dev.graft=${graft.test.log:warn}",
      "spring.main.register-shutdown-hook=false",
    })
@ActiveProfiles({"server", "worker"})
@ContextConfiguration(initializers = FreshDatabase.class)
public abstract class StartedGraft {
  @LocalServerPort private int port;
  @Autowired private Departments departments;
  @Autowired private ApiKeys keys;
  @Autowired private BaseModels baseModels;

  /** Where it listens, without a path. */
  protected String url() {
    return "http://127.0.0.1:" + port;
  }

  /** A new key of a department, which is made if there is none of that name. */
  protected String key(String department) {
    return keys.create(departments.ensure(department), Caller.Scope.USER).secret();
  }

  /** A new key of an owner of a department that is there, who is an administrator as well. */
  protected String ownerKey(String department) {
    return keys.create(departments.ensure(department), Caller.Scope.ADMIN).secret();
  }

  /** Registers the base model; a second time it is already there. */
  protected void registerTiny() throws IOException {
    Path directory = Files.createTempDirectory(Path.of("target"), "tiny-llama-");
    baseModels.register("tiny", TinyLlama.write(directory, 1));
  }
}
