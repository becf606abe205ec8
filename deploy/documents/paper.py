"""A sheet of paper: A4, in a font that has the Kazakh, Russian and Latin letters (ADR 0014)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from unicodedata import category

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace, TTFFont

_FONTS = Path(__file__).parent / "fonts"
_FAMILY = "DejaVu"
_MARGIN_MM = 14
_GREY = 235
_BOX = "□"
"""Stands on paper for a character that the font does not have."""


class Paper(FPDF):
    """A document of ours: headings, pairs of a name and a value, tables, lines to sign on."""

    def __init__(self, title: str, *, landscape: bool = False) -> None:
        super().__init__("landscape" if landscape else "portrait", "mm", "A4")
        self.add_font(_FAMILY, "", _FONTS / "DejaVuSans.ttf")
        self.add_font(_FAMILY, "B", _FONTS / "DejaVuSans-Bold.ttf")
        self.set_margins(_MARGIN_MM, _MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_MARGIN_MM)
        self.set_title(title)
        self.set_creator("Tereze")
        self._foot = title
        font = self.fonts[_FAMILY.lower()]
        self._has = frozenset(font.cmap if isinstance(font, TTFFont) else ())
        self.unprintable: defaultdict[str, str] = defaultdict(str)
        """By the name of each field: its characters that are printed as a box."""
        self.add_page()

    def footer(self) -> None:
        """Which document and page it is."""
        self.set_y(-_MARGIN_MM + 3)
        self.set_font(_FAMILY, "", 7)
        self.cell(0, 4, f"{self._foot} · {self.page_no()}/{{nb}}", align="R")

    def heading(self, text: str, size: float = 13) -> None:
        """A line in bold."""
        self.set_font(_FAMILY, "B", size)
        self.multi_cell(
            0, size * 0.5, self._printable(text, self._foot), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
        self.ln(1)

    def words(self, text: str, size: float = 9) -> None:
        """A paragraph."""
        self.set_font(_FAMILY, "", size)
        self.multi_cell(
            0, size * 0.5, self._printable(text, self._foot), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )

    def pairs(self, rows: Sequence[tuple[str, str]], name_mm: float = 78) -> None:
        """Names in small type, each with its value beside it."""
        for name, value in rows:
            top = self.get_y()
            if top > self.h - _MARGIN_MM - 12:
                self.add_page()
                top = self.get_y()
            self.set_font(_FAMILY, "", 7.5)
            self.multi_cell(name_mm, 4.2, name, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            after = self.get_y()
            self.set_xy(self.l_margin + name_mm, top)
            self.set_font(_FAMILY, "B", 9.5)
            self.multi_cell(0, 4.6, self._printable(value, name), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.set_y(max(after, self.get_y()) + 0.8)
            self.line(self.l_margin, self.get_y() - 0.4, self.w - self.r_margin, self.get_y() - 0.4)

    def grid(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[int] = ()
    ) -> None:
        """A table whose head is repeated on each page; `right`: the columns of figures."""
        self.set_font(_FAMILY, "", 7.5)
        aligns = tuple("RIGHT" if column in right else "LEFT" for column in range(len(head)))
        style = FontFace(emphasis="BOLD", fill_color=_GREY)
        with self.table(
            col_widths=tuple(widths), text_align=aligns, headings_style=style, line_height=4.2, padding=0.6
        ) as table:
            for cells in (head, *rows):
                row = table.row()
                for name, cell in zip(head, cells, strict=True):
                    row.cell(self._printable(cell, name or self._foot))
        self.ln(2)

    def place(self, x: float, y: float, width: float, text: str, *, align: str = "L") -> None:
        """Small type on one line at a place, its end cut off where there is no room for it; the pen stays."""
        back = self.get_x(), self.get_y()
        self.set_font(_FAMILY, "", 7)
        said = self._printable(text, self._foot)
        while said and self.get_string_width(said) > width - 1:
            said = f"{said[:-2].rstrip()}…" if len(said) > 2 else ""
        self.set_xy(x, y)
        self.cell(width, 4, said, align=align)
        self.set_xy(*back)

    def signature(self, who: str, signed: str = "") -> None:
        """A line to sign on, or the signature that is known."""
        self.ln(5)
        self.set_font(_FAMILY, "", 8)
        self.cell(85, 5, who)
        self.set_font(_FAMILY, "B", 9)
        self.cell(70, 5, self._printable(signed, who), border="B", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _printable(self, text: str, field: str) -> str:
        """The text with a box for each character that the font lacks, so that none goes missing unseen."""
        said = ""
        for one in text:
            if ord(one) in self._has or one == "\n":
                said += one
            elif one.isspace():
                said += " "
            elif not _is_unseen(one):
                said += _BOX
                if one not in self.unprintable[field]:
                    self.unprintable[field] += one
        return said


def _is_unseen(character: str) -> bool:
    """Whether it only says how its neighbours look: joiners, marks of direction, variation selectors."""
    return category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


def tenge(tiyn: int) -> str:
    """Money as it is written: `1 887,00`, from whole tiyn."""
    whole, rest = divmod(abs(tiyn), 100)
    return f"{'−' if tiyn < 0 else ''}{whole:,}".replace(",", " ") + f",{rest:02}"
