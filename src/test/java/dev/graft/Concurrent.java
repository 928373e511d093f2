package dev.graft;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * A test that shares no server with the tests that run one after another. One of them at a time
 * runs beside those: tests that compute for seconds, and those of {@link
 * dev.graft.openai.StartedGraft}, whose jobs train in processes of their own. Libtorch has one
 * generator of random numbers a process, so whatever trains in this one has this annotation.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock("libtorch")
public @interface Concurrent {}
