package dev.graft.pg;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.test.context.TestPropertySource;

/** The server's loops look once when it starts, and no more: a test takes their steps. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@TestPropertySource(properties = {"graft.evaluations.poll=1d", "graft.webhooks.poll=1d"})
public @interface RestingLoops {}
