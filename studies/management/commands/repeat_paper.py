"""`repeat_paper`: all of the paper on whatever photos and networks are at hand, and its figures beside ours."""

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser

from blindsight.places import program
from explain.core.commands import Answer, AnswerCommand
from explain.evaluation import PROTOCOLS
from studies import paper
from studies.paper import (
    SAMPLE_NETWORKS,
    SIMULATION_RULES,
    Inputs,
    check_inputs,
    paper_report,
    remarks_on_inputs,
)


class Command(AnswerCommand):
    help = (
        "Repeat the paper: photos, maps, tables 1 and 2, figures 1 to 5, the readings of equation 5, what earlier layers cost, both studies, and a report. "
        "Run it again to go on where it stopped: nothing is made twice."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--samples", action="store_true", help="the sample photos and networks, and simulated people"
        )
        parser.add_argument("--set", dest="set_name", help="the set of photos (imagenet-val, or samples)")
        parser.add_argument(
            "--images", type=Path, help="the folder of ImageNet's validation photos, used in place"
        )
        parser.add_argument("--ground-truth", type=Path, help="the list of their classes: see import_images")
        parser.add_argument("--devkit", type=Path, help="ILSVRC2012_devkit_t12: see import_images")
        parser.add_argument("--boxes", type=Path, help="the folder of their XML boxes, for figure 4")
        parser.add_argument(
            "--networks",
            default="",
            help="names of networks that were added: first that for ResNet-50, then that for VGG-16; more are for reliability alone",
        )
        parser.add_argument(
            "--protocols", default=",".join(PROTOCOLS), help="ways to evaluate, separated by commas"
        )
        parser.add_argument(
            "--simulate",
            choices=SIMULATION_RULES,
            help="fill the studies with simulated people who follow this rule (with --samples: localisation)",
        )
        parser.add_argument(
            "--figure-photos", default="", help="names of photos for figure 4, separated by commas"
        )
        parser.add_argument("--workers", action="store_true", help="maps and figures by Celery workers")
        parser.add_argument("--to", type=Path, default=Path("paper.html"), help="where the report goes (paper.html)")  # fmt: skip

    def run(self, **options: Any) -> Answer:
        began = time.monotonic()
        if options["samples"]:
            call_command("migrate", verbosity=0)
        inputs = _inputs(options)
        check_inputs(inputs)
        for remark in remarks_on_inputs(inputs):
            self.stderr.write(remark)
        try:
            studies = self._stages(inputs)
        except KeyboardInterrupt as interrupt:
            raise CommandError(
                "stopped. What is made is kept; run the same command again to go on.", returncode=130
            ) from interrupt
        seconds = round(time.monotonic() - began)
        data = {
            "report": str(inputs.to),
            "set": inputs.set_name,
            "samples": inputs.samples,
            "simulated": bool(inputs.rule),
            "studies": [{"slug": study.slug, "left_out": why} for study, why in studies],
            "seconds": seconds,
        }
        return Answer(
            data=data,
            header=["report", "set", "networks", "simulated people"],
            rows=[[str(inputs.to), inputs.set_name, ", ".join(inputs.networks), inputs.rule or "none"]],
            notes=[f"Ready after {seconds} s."],
        )

    def _stages(self, inputs: Inputs) -> list:
        self._step(0)
        paper.photos_stage(inputs, self._run)
        self._step(1)
        paper.networks_stage(inputs, self._run)
        self._step(2)
        paper.maps_stage(inputs, self._run)
        self._step(3)
        paper.evaluation_stage(inputs, self._run)
        self._step(4)
        times, costs = paper.sweep_stage(inputs), paper.layers_stage(inputs)
        self._step(5)
        studies = paper.studies_stage(inputs, self._run, self.stderr.write)
        self._step(6)
        paper.report_stage(inputs.to, paper_report(inputs, studies, times, costs))
        return studies

    def _step(self, number: int) -> None:
        title = f"\n{number + 1} of {len(paper.STAGE_TITLES)}  {paper.STAGE_TITLES[number]}"
        self.stderr.write(self.style.MIGRATE_HEADING(title))

    def _run(self, command: str, *arguments: object) -> None:
        """Run a command as anyone would, and show it first, so that it can be repeated. What it prints goes to stderr."""
        words = [str(argument) for argument in arguments]
        shown = " ".join(words).replace(f"{settings.BASE_DIR}/", "")
        self.stderr.write(self.style.SQL_KEYWORD(f"$ {program()} {command} {shown}"))
        call_command(command, *words, stdout=self.stderr)


def _inputs(options: dict[str, Any]) -> Inputs:
    samples = options["samples"]
    names = tuple(name for name in map(str.strip, options["networks"].split(",")) if name)
    return Inputs(
        samples=samples,
        set_name=options["set_name"] or ("samples" if samples else "imagenet-val"),
        images=options["images"],
        ground_truth=options["ground_truth"],
        devkit=options["devkit"],
        boxes=options["boxes"],
        networks=tuple(SAMPLE_NETWORKS) if samples else names,
        protocols=tuple(name for name in map(str.strip, options["protocols"].split(",")) if name),
        rule=options["simulate"] or ("localisation" if samples else ""),
        workers=options["workers"],
        figures=tuple(name for name in map(str.strip, options["figure_photos"].split(",")) if name),
        to=options["to"],
    )
