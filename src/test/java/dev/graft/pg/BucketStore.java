package dev.graft.pg;

import dev.graft.artifacts.S3Server;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;

/** Gives a context artifacts in a bucket of its own, on a real S3 server. */
public final class BucketStore
    implements ApplicationContextInitializer<ConfigurableApplicationContext> {
  @Override
  public void initialize(ConfigurableApplicationContext context) {
    S3Server server = S3Server.shared();
    TestPropertyValues.of(server.properties(server.bucket())).applyTo(context);
  }
}
