/**
 * The pages: jobs, files, models, playground, evaluations and departments, each with a controller
 * that asks the API and fills a Thymeleaf template. Parts of a page that ask again get their part
 * alone. Forms check nothing; the API does, and its refusal is shown beside what was typed.
 */
@NullMarked
package dev.graft.console.pages;

import org.jspecify.annotations.NullMarked;
