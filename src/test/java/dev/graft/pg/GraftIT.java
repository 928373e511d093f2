package dev.graft.pg;

import dev.graft.GraftApplication;
import dev.graft.adapters.PublishedAdapters;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.ContextConfiguration;

/**
 * A server on a random port with a PostgreSQL database of its own; no worker. {@link TestPostgres}
 * closes it, so Spring need not.
 *
 * <p>Each other set of beans and settings is one more server to start, so what does no harm to
 * others is here.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@SpringBootTest(
    classes = GraftApplication.class,
    webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
    properties = {
      "logging.level.dev.graft=${graft.test.log:warn}",
      "spring.main.register-shutdown-hook=false",
      "graft.files.max-reported=64KB",
      // Tests show many credentials that open nothing, all from one address.
      "graft.http.failed-authentications-per-minute=1000000",
      "graft.http.allowed-origins=https://portal.example,http://localhost:3000",
      // Some tests write rows that no queue would.
      "graft.ops.invariants-every=1d",
      "graft.artifacts.sweep-after=1d",
      // Jars of a build often lie where no other user reads; ChildConfinementTests have one.
      "graft.children.user=none",
    })
@ActiveProfiles("server")
@ContextConfiguration(initializers = FreshDatabase.class)
@Import({
  MovableClock.Configured.class,
  CountedStatements.Configured.class,
  PublishedAdapters.class
})
public @interface GraftIT {}
