# Crossed mixed models of a study of single maps, beside the figures that Blindsight prints. In the folder of the export:
#
#     Rscript analysis.R
#
# Needs lme4 and ordinal; with lmerTest the linear models have degrees of freedom (Satterthwaite), without it a normal
# approximation; with psych it prints Cronbach's alpha and McDonald's omega total of each scale, too.
#
# linear   the main figure (the first scale, or the first question) as a number: the difference of two arms, in the unit of
#          contrasts.csv. Random intercepts for photos and people.
# ordinal  each question's answers as ordered steps, cumulative logit: log odds of the first arm against the second. Sliders, and
#          questions with two answers, are left to the linear model.

suppressPackageStartupMessages({library(lme4); library(ordinal)})
with_df <- requireNamespace("lmerTest", quietly = TRUE)

answers <- read.csv("answers.csv", na.strings = "", fileEncoding = "UTF-8-BOM", colClasses = "character")
printed <- read.csv("contrasts.csv", na.strings = "", fileEncoding = "UTF-8-BOM",
                    colClasses = c(first = "character", second = "character"))
if (nrow(printed) == 0) stop("contrasts.csv has no rows: there are no answers yet, or one arm alone.")

# The questions, from protocol.toml: its tables [[trial_questions]] have one key a line.
said <- readLines("protocol.toml", encoding = "UTF-8", warn = FALSE)
questions <- list()
inside <- FALSE
for (line in said) {
  if (grepl("^\\[", line)) {
    inside <- line == "[[trial_questions]]"
    if (inside) questions[[length(questions) + 1]] <- list(kind = "points", points = "7", scale = "", reversed = "false")
  } else if (inside && grepl("^(key|kind|points|scale|reversed) = ", line)) {
    name <- sub(" = .*", "", line)
    questions[[length(questions)]][[name]] <- gsub('^"|"$', "", sub("^[a-z]+ = ", "", line))
  }
}

counts <- answers$status == "counted" & answers$trial == "main" & answers$participant_state != "withdrawn"
who <- printed$who[1]
if (who != "all") counts <- counts & tolower(answers$simulated) == (if (who == "simulated") "true" else "false")
if (printed$decided_by[1] == "kept") counts <- counts & is.na(answers$left_out_by)
answers <- answers[counts, ]
answers$item <- factor(answers$item)
answers$participant <- factor(answers$participant)

column <- function(question) paste0("answer_", gsub("-", "_", question$key))
ends <- function(question) switch(question$kind, "yes-no" = c(0, 1), slider = c(0, 100), c(1, as.integer(question$points)))
turned <- function(question) {
  value <- as.numeric(answers[[column(question)]])
  if (question$reversed == "true") sum(ends(question)) - value else value
}
of_scale <- function(name) {
  mine <- Filter(function(question) question$scale == name, questions)
  table <- sapply(mine, turned)
  if (length(unique(lapply(mine, ends))) > 1) # of different answers: each from 0 to 1
    table <- sapply(seq_along(mine), function(at) (table[, at] - ends(mine[[at]])[1]) / diff(ends(mine[[at]])))
  table
}
scales <- Filter(nzchar, unique(sapply(questions, function(question) question$scale)))
answers$main <- if (length(scales)) rowMeans(of_scale(scales[1])) else as.numeric(answers[[column(questions[[1]])]])

of_two <- function(pair) {
  data <- answers[answers$arm %in% pair, ]
  data$is_first <- as.numeric(data$arm == pair[1])
  data
}

linear <- function(pair) {
  data <- of_two(pair)
  formula <- main ~ is_first + (1 | item) + (1 | participant)
  fit <- suppressMessages(suppressWarnings(if (with_df) lmerTest::lmer(formula, data) else lmer(formula, data)))
  row <- coef(summary(fit))["is_first", ]
  df <- if (with_df) row[["df"]] else Inf
  half <- qt(0.975, df) * row[["Std. Error"]]
  data.frame(model = "linear", of = "main", estimate = row[["Estimate"]], low = row[["Estimate"]] - half,
             high = row[["Estimate"]] + half, p = 2 * pt(-abs(row[["Estimate"]] / row[["Std. Error"]]), df),
             answers = nrow(data), note = if (isSingular(fit)) "a variance is estimated as zero" else "")
}

by_ordinal <- function(pair, question) {
  data <- of_two(pair)
  data$step <- factor(as.integer(data[[column(question)]]), ordered = TRUE)
  none <- data.frame(model = "ordinal (log odds)", of = question$key, estimate = NA, low = NA, high = NA, p = NA,
                     answers = nrow(data), note = "")
  if (nlevels(data$step) < 3) {
    none$note <- "fewer than three different answers: nothing ordinal can be fitted"
    return(none)
  }
  fit <- tryCatch(suppressWarnings(clmm(step ~ is_first + (1 | item) + (1 | participant), data)),
                  error = function(problem) problem)
  if (inherits(fit, "error")) {
    none$note <- conditionMessage(fit)
    return(none)
  }
  row <- coef(summary(fit))["is_first", ]
  half <- qnorm(0.975) * row[["Std. Error"]]
  data.frame(model = "ordinal (log odds)", of = question$key, estimate = row[["Estimate"]], low = row[["Estimate"]] - half,
             high = row[["Estimate"]] + half, p = row[["Pr(>|z|)"]], answers = nrow(data), note = "")
}

stepped <- Filter(function(question) question$kind == "points", questions)
tables <- lapply(seq_len(nrow(printed)), function(place) {
  pair <- c(printed$first[place], printed$second[place])
  ours <- data.frame(model = "printed", of = "main", estimate = printed$estimate[place], low = printed$low[place],
                     high = printed$high[place], p = printed$p[place], answers = nrow(of_two(pair)), note = "")
  cbind(first = pair[1], second = pair[2],
        do.call(rbind, c(list(ours, linear(pair)), lapply(stepped, function(question) by_ordinal(pair, question)))))
})
table <- do.call(rbind, tables)
options(width = 200)
print(table, digits = 4, row.names = FALSE)
write.csv(table, "mixed-models.csv", row.names = FALSE, na = "")

if (length(scales) && requireNamespace("psych", quietly = TRUE)) for (name in scales) {
  of <- of_scale(name)
  if (ncol(of) < 2) next
  alpha <- suppressWarnings(psych::alpha(as.data.frame(of), check.keys = FALSE))$total$raw_alpha
  cat("\nscale ", name, ": Cronbach's alpha ", format(alpha, digits = 6), sep = "")
  if (ncol(of) > 2) {
    factors <- suppressWarnings(psych::fa(of, 1, fm = "minres"))
    cat(", McDonald's omega total ", format(1 - sum(factors$uniquenesses) / sum(cor(of)), digits = 6), sep = "")
  }
}
cat("\n\nlme4", as.character(packageVersion("lme4")), "- ordinal", as.character(packageVersion("ordinal")), "-", nrow(answers),
    "answers,", who, "\n")
